/* The floor of a session: what is written stays on the device until the server has it, under one number,
   so that a retry never makes a second opinion, and goes out only under its author's sign-in; the live summary reads itself anew. */
(function () {
  "use strict";
  var OWN = "congress-waiting", busy = false;
  function waiting() { try { return JSON.parse(localStorage.getItem(OWN)) || []; } catch (error) { return []; } }
  function keep(list) { try { localStorage.setItem(OWN, JSON.stringify(list)); return true; } catch (error) { return false; } }
  function number() { return Array.from(crypto.getRandomValues(new Uint32Array(4)), function (n) { return n.toString(16); }).join("-"); }
  function tell(words) {
    document.querySelectorAll("form[data-kept] .form-said").forEach(function (said) { said.textContent = words; });
  }
  function without(request) { keep(waiting().filter(function (each) { return each.request !== request; })); }
  function send() {
    var form = document.querySelector("form[data-kept]");
    var list = form ? waiting().filter(function (each) { return each.who === form.dataset.kept; }) : [];
    if (busy || !list.length) { return; }
    busy = true;
    var first = list[0];
    fetch("/act", {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-Budget-Watch": "act" },
      body: JSON.stringify({ target: first.target, step: "give", version: 0, request: first.request, role: "", given: { text: first.text } })
    }).then(function (answer) {
      return answer.json().then(function (told) {
        busy = false;
        if (answer.ok) {
          without(first.request);
          tell(told.said);
          if (list.length > 1) { send(); } else { setTimeout(function () { location.reload(); }, 900); }
        } else if (answer.status === 422 || answer.status === 404) {
          without(first.request);
          document.querySelectorAll("form[data-kept] textarea").forEach(function (area) { area.value = area.value || first.text; });
          tell(told.said);
        } else { tell("还没有送出，存在这台设备上：" + (told.said || told.error || "请稍候")); }
      });
    }).catch(function () {
      busy = false;
      tell("没有网络：" + list.length + "件存在这台设备上，连上以后自动送出。");
    });
  }
  document.addEventListener("submit", function (event) {
    var form = event.target.closest("form[data-kept]");
    if (!form) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    var area = form.elements.namedItem("text"), text = area.value.trim();
    if (!text) { return; }
    var list = waiting();
    list.push({ target: form.dataset.target, text: text, who: form.dataset.kept, request: number() });
    if (!keep(list)) { tell("这台设备存不下，没有送出；请腾出空间再试。"); return; }
    area.value = "";
    tell("正在送出…");
    send();
  }, true);
  window.addEventListener("online", send);
  setInterval(send, 5000);
  var since = Date.now();
  setInterval(function () {
    var mark = document.querySelector("[data-refresh]");
    if (!mark) { since = Date.now(); return; }
    var open = document.querySelector("form :focus, details.step-form[open]");
    if (document.hidden || open || Date.now() - since < Number(mark.dataset.refresh) * 1000) { return; }
    location.reload();
  }, 1000);
})();
