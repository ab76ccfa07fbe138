/* Forms that take a step on a case: sent as JSON to /act, the answer said where the form stands. */
(function () {
  "use strict";
  function number() {
    var bytes = crypto.getRandomValues(new Uint8Array(12));
    return Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
  }
  function told(words) {
    var box = document.getElementById("told");
    if (!box) {
      box = document.createElement("div");
      box.id = "told";
      box.setAttribute("role", "status");
      document.body.appendChild(box);
    }
    box.textContent = words;
    box.classList.add("on");
    clearTimeout(box.bwTimer);
    box.bwTimer = setTimeout(function () { box.classList.remove("on"); }, 8000);
  }
  function fields(form) {
    var given = {};
    new FormData(form).forEach(function (value, name) { if (name !== "role" && value !== "") { given[name] = value; } });
    return given;
  }
  var last = sessionStorage.getItem("bw_told");
  if (last) { sessionStorage.removeItem("bw_told"); window.addEventListener("load", function () { told(last); }); }
  /* What is shown this one time stands in the form's place until somebody says that it was taken down. */
  function once(form, answer) {
    var box = document.createElement("div"), list = document.createElement("dl"), close = document.createElement("button");
    function add(to, kind, words, name) {
      var made = document.createElement(kind);
      made.textContent = words;
      if (name) { made.className = name; }
      to.appendChild(made);
    }
    box.className = "once";
    box.setAttribute("role", "status");
    box.tabIndex = -1;
    add(box, "p", answer.said);
    answer.kept.forEach(function (each) { add(list, "dt", each[0]); add(list, "dd", each[1], "code-line"); });
    box.appendChild(list);
    if (answer.image) {
      var image = document.createElement("img");
      image.src = answer.image; image.alt = "二维码"; image.className = "qr";
      box.appendChild(image);
    }
    close.type = "button"; close.className = "button main"; close.textContent = "已抄下或交给本人，关闭";
    close.addEventListener("click", function () { if (answer.to) { location.assign(answer.to); } else { location.reload(); } });
    box.appendChild(close);
    form.replaceWith(box);
    box.focus();
  }
  function done(form, answer) {
    form.querySelector("button[type=submit]").disabled = false;
    if (!answer.done) { form.querySelector(".form-said").textContent = answer.said || answer.error; form.dataset.request = ""; return; }
    if (answer.kept && answer.kept.length) { once(form, answer); return; }
    if (answer.to) { sessionStorage.setItem("bw_told", answer.said); location.assign(answer.to); return; }
    sessionStorage.setItem("bw_told", answer.said);
    location.reload();
  }
  /* What the codes in a form stand for, said below their fields while they are typed in. */
  function name(form) {
    var all = Array.from(form.querySelectorAll("input[data-names]")), asked = new URLSearchParams();
    all.forEach(function (field) { asked.set(field.name, field.value); });
    form.bwAsked = asked.toString();
    fetch(all[0].dataset.names + "?" + form.bwAsked, { credentials: "same-origin" }).then(function (answer) {
      return answer.ok ? answer.json() : {};
    }).catch(function () { return {}; }).then(function (told) {
      if (form.bwAsked !== asked.toString()) { return; }
      all.forEach(function (field) { field.parentNode.querySelector(".field-names").textContent = told[field.name] || ""; });
    });
  }
  document.addEventListener("input", function (event) {
    if (!event.target.matches("input[data-names]")) { return; }
    var form = event.target.closest("form");
    clearTimeout(form.bwNaming);
    form.bwNaming = setTimeout(function () { name(form); }, 250);
  });
  document.addEventListener("submit", function (event) {
    var form = event.target.closest("form[data-upload]");
    if (!form) { return; }
    event.preventDefault();
    var file = form.elements.namedItem("file").files[0], role = form.elements.namedItem("role");
    var said = form.querySelector(".form-said"), button = form.querySelector("button[type=submit]");
    if (!file) { said.textContent = "请先选择文件。"; return; }
    if (button.disabled) { return; }
    button.disabled = true;
    var query = "?name=" + encodeURIComponent(file.name) + "&role=" + encodeURIComponent(role ? role.value : "");
    fetch(form.dataset.upload + query, {
      method: "POST", credentials: "same-origin", body: file,
      headers: { "Content-Type": "application/octet-stream", "X-Budget-Watch": "act" }
    }).then(function (answer) { return answer.json(); }).then(function (answer) { done(form, answer); }).catch(function () {
      button.disabled = false;
      said.textContent = "没有收到回答；请再传一次，同一文件只会存一份。";
    });
  });
  function picked() {
    return Array.from(document.querySelectorAll("input[name=pick]:checked")).map(function (box) { return box.value; });
  }
  document.addEventListener("change", function (event) {
    if (event.target.name !== "pick") { return; }
    var count = picked().length, bar = document.querySelector(".many");
    if (!bar) { return; }
    bar.querySelector(".picked").textContent = String(count);
  });
  document.addEventListener("submit", function (event) {
    var form = event.target.closest("form[data-many]");
    if (!form) { return; }
    event.preventDefault();
    var button = form.querySelector("button[type=submit]"), said = form.querySelector(".form-said"), chosen = picked();
    if (!chosen.length) { said.textContent = "请先在列表里选中要办的。"; return; }
    if (button.disabled) { return; }
    button.disabled = true;
    said.textContent = "";
    form.dataset.request = form.dataset.request || number();
    var role = form.elements.namedItem("role"), given = fields(form);
    delete given.step;
    fetch("/acts", {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-Budget-Watch": "act" },
      body: JSON.stringify({
        targets: chosen, step: form.elements.namedItem("step").value, request: form.dataset.request,
        role: role ? role.value : "", given: given
      })
    }).then(function (answer) { return answer.json(); }).then(function (answer) { done(form, answer);
    }).catch(function () {
      button.disabled = false;
      said.textContent = "没有收到回答，不知道是否办成。请再按一次：同一请求只会办一次。";
    });
  });
  document.addEventListener("submit", function (event) {
    var form = event.target.closest("form[data-export]");
    if (!form) { return; }
    event.preventDefault();
    var button = form.querySelector("button[type=submit]"), said = form.querySelector(".form-said");
    if (button.disabled) { return; }
    button.disabled = true;
    said.textContent = "";
    var asked = fields(form);
    Object.keys(form.dataset).forEach(function (name) { if (name !== "export") { asked[name] = form.dataset[name]; } });
    fetch("/export/" + form.dataset.export, {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-Budget-Watch": "act" },
      body: JSON.stringify(asked)
    }).then(function (answer) {
      button.disabled = false;
      if (!answer.ok) { return answer.json().then(function (told) { said.textContent = told.said || told.error; }); }
      var name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") || "");
      return answer.blob().then(function (blob) {
        var way = document.createElement("a");
        way.href = URL.createObjectURL(blob);
        way.download = name ? decodeURIComponent(name[1]) : "export.xlsx";
        way.click();
        setTimeout(function () { URL.revokeObjectURL(way.href); }, 60000);
        told("已导出，记入审计日志。");
      });
    }).catch(function () {
      button.disabled = false;
      said.textContent = "没有收到回答；请再试一次。";
    });
  });
  document.addEventListener("submit", function (event) {
    var form = event.target.closest("form[data-act]");
    if (!form) { return; }
    event.preventDefault();
    var button = form.querySelector("button[type=submit]"), said = form.querySelector(".form-said");
    if (button.disabled) { return; }
    button.disabled = true;
    said.textContent = "";
    form.dataset.request = form.dataset.request || number();
    var role = form.elements.namedItem("role");
    fetch(form.dataset.to || "/act", {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-Budget-Watch": "act" },
      body: JSON.stringify({
        target: form.dataset.target, step: form.dataset.act, version: Number(form.dataset.version),
        request: form.dataset.request, role: role ? role.value : "", given: fields(form)
      })
    }).then(function (answer) { return answer.json(); }).then(function (answer) { done(form, answer);
    }).catch(function () {
      /* the request's number stays: sent again it is carried out once */
      button.disabled = false;
      said.textContent = form.dataset.lost || "没有收到回答，不知道是否办成。请再按一次提交：同一请求只会办一次。";
    });
  });
})();
