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
  function save(blob, name) {
    var way = document.createElement("a");
    way.href = URL.createObjectURL(blob);
    way.download = name;
    way.click();
    setTimeout(function () { URL.revokeObjectURL(way.href); }, 60000);
    told("已导出，记入审计日志。");
  }
  /* A chart as a picture: written down by the server first, then drawn here, with its caption and the mark. */
  function picture(form, asked) {
    var button = form.querySelector("button[type=submit]"), said = form.querySelector(".form-said");
    var at = Array.from(form.elements.namedItem("chart").options).findIndex(function (one) { return one.value === asked.chart; });
    var graph = document.querySelectorAll("#main .js-plotly-plot")[at];
    if (!graph || !window.Plotly) { button.disabled = false; said.textContent = "图还没有画出来；请展开后稍等再导出。"; return; }
    fetch("/picture", {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-Budget-Watch": "act" },
      body: JSON.stringify(asked)
    }).then(function (answer) {
      return answer.json().then(function (told) {
        if (!answer.ok) { said.textContent = told.said || told.error; return null; }
        return drawn(graph, told).then(function (blob) { save(blob, told.name); });
      });
    }).catch(function () { said.textContent = "图没有画成；请刷新页面后再导出。"; }).then(function () { button.disabled = false; });
  }
  var WIDE = 960, HIGH = 420, SCALE = 2;
  function drawn(graph, told) {
    var layout = JSON.parse(JSON.stringify(graph.layout));
    delete layout.width; delete layout.height; layout.autosize = false;
    return window.Plotly.toImage({ data: graph.data, layout: layout }, { format: "png", width: WIDE, height: HIGH, scale: SCALE })
      .then(function (url) {
        return new Promise(function (done, failed) {
          var image = new Image();
          image.onload = function () { done(image); };
          image.onerror = failed;
          image.src = url;
        });
      }).then(function (image) {
        var canvas = document.createElement("canvas"), pen = canvas.getContext("2d"), below = HIGH + 76;
        canvas.width = WIDE * SCALE; canvas.height = (HIGH + 132) * SCALE;
        pen.scale(SCALE, SCALE);
        pen.fillStyle = layout.paper_bgcolor || "#ffffff";
        pen.fillRect(0, 0, WIDE, HIGH + 132);
        pen.drawImage(image, 0, 68, WIDE, HIGH);
        function write(words, x, y, size, colour) {
          pen.font = size + "px " + getComputedStyle(document.body).fontFamily;
          pen.fillStyle = colour;
          pen.fillText(words, x, y, WIDE - 32);
        }
        var ink = (layout.font && layout.font.color) || "#1b2430", note = getComputedStyle(document.documentElement).getPropertyValue("--text-3").trim();
        write(told.title, 16, 30, 16, ink);
        write(told.page + " · " + told.sub, 16, 52, 12, note);
        write(told.source, 16, below + 16, 12, note);
        write(told.mark, 16, below + 38, 12, note);
        pen.globalAlpha = 0.12;
        pen.rotate(-Math.PI / 10);
        write(told.mark, 40, 420, 22, ink);
        write(told.mark, 320, 640, 22, ink);
        return new Promise(function (done) { canvas.toBlob(done, "image/png"); });
      });
  }
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
    if (asked.format === "png") { picture(form, asked); return; }
    fetch("/export/" + form.dataset.export, {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-Budget-Watch": "act" },
      body: JSON.stringify(asked)
    }).then(function (answer) {
      button.disabled = false;
      if (!answer.ok) { return answer.json().then(function (told) { said.textContent = told.said || told.error; }); }
      var name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") || "");
      return answer.blob().then(function (blob) { save(blob, name ? decodeURIComponent(name[1]) : "export.xlsx"); });
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
  /* How far a long piece of work is; the page is loaded anew once it is over. */
  setInterval(function () {
    if (document.hidden) { return; }
    document.querySelectorAll("[data-poll]").forEach(function (mark) {
      fetch(mark.dataset.poll, { credentials: "same-origin" }).then(function (answer) {
        return answer.ok ? answer.json() : null;
      }).then(function (told) {
        if (!told) { return; }
        mark.textContent = told.said;
        if (!told.running) { location.reload(); }
      }).catch(function () { /* asked again in two seconds */ });
    });
  }, 2000);
})();
