/* The waiting desktop: asks every two seconds, while it is looked at, whether the phone has agreed. */
(function () {
  "use strict";
  var box = document.querySelector("[data-desktop]");
  if (!box) { return; }
  var said = box.querySelector("[data-said]"), fresh = box.querySelector("[data-fresh]"), code = box.querySelector("[data-code]");
  var seconds = Number(box.dataset.seconds), end = Date.now() + seconds * 1000, over = false;
  function post(path) {
    var body = new URLSearchParams({ csrf: box.dataset.csrf, next: box.dataset.next });
    return fetch(path, { method: "POST", body: body, credentials: "same-origin" }).then(function (answer) { return answer.json(); });
  }
  function stop(words) { over = true; code.classList.add("over"); said.textContent = words; fresh.hidden = false; }
  function ask() {
    if (over || document.hidden || box.offsetParent === null) { return; }
    if (Date.now() > end) { stop("二维码已过期，请刷新。"); return; }
    post("/login/wait").then(function (answer) {
      if (answer.state === "agreed") { over = true; location.assign(answer.next); }
      else if (answer.state === "seen") { said.textContent = "已扫码，请在手机上选择数字。"; }
      else if (answer.state === "refused") { stop("手机上已拒绝。"); }
      else if (answer.state === "over") { stop("二维码已过期，请刷新。"); }
    }, function () { stop("连不上服务器，请稍后刷新。"); });
  }
  fresh.addEventListener("click", function () {
    post("/login/code").then(function (answer) {
      code.innerHTML = answer.qr; code.classList.remove("over");
      box.querySelector("[data-number]").textContent = answer.number;
      said.textContent = "用已登录的手机扫码，选择这个数字。有效期" + seconds + "秒。";
      fresh.hidden = true; over = false; end = Date.now() + seconds * 1000;
    });
  });
  setInterval(ask, 2000);
})();
