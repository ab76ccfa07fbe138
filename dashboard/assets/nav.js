/* Links inside the site change the address without loading the page anew; settings replace, places push. */
(function () {
  "use strict";
  function go(url, replace) {
    var same = url === location.pathname + location.search;
    if (same && !replace) { return; }
    history[replace ? "replaceState" : "pushState"]({}, "", url);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    if (!replace) { window.scrollTo(0, 0); }
  }
  document.addEventListener("click", function (event) {
    var menu = event.target.closest("details.menu, details.pop");
    document.querySelectorAll("details.menu[open], details.pop[open]").forEach(function (open) {
      if (open !== menu && !open.contains(event.target)) { open.removeAttribute("open"); }
    });
    if (event.target.closest("[data-theme-switch]")) { toggleTheme(); return; }
    if (event.target.closest("[data-print]")) { window.print(); return; }
    var copy = event.target.closest("[data-copy]");
    if (copy) { copyText(copy, location.origin + copy.getAttribute("data-copy")); return; }
    copy = event.target.closest("[data-copy-text]");
    if (copy) { copyText(copy, copy.getAttribute("data-copy-text")); return; }
    var link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) { return; }
    if (link.target || link.origin !== location.origin || link.hash || link.hasAttribute("download") || link.hasAttribute("data-plain")) { return; }
    event.preventDefault();
    if (menu) { menu.removeAttribute("open"); }
    go(link.pathname + link.search, link.getAttribute("data-nav") === "replace");
  });
  document.addEventListener("submit", function (event) {
    if (!event.target.matches("[data-search]")) { return; }
    event.preventDefault();
    var box = event.target.querySelector("input"), word = box.value.trim();
    if (word) { box.blur(); go("/search?q=" + encodeURIComponent(word), false); }
  });
  /* A list's filter: what is filled in goes into the address. */
  document.addEventListener("submit", function (event) {
    var form = event.target.closest("form[data-filter]"), asked = [];
    if (!form) { return; }
    event.preventDefault();
    new FormData(form).forEach(function (value, name) {
      if (value.trim()) { asked.push(name + "=" + encodeURIComponent(value.trim())); }
    });
    go(form.dataset.filter + (asked.length ? "?" + asked.join("&") : ""), false);
  });
  document.addEventListener("keydown", function (event) {
    var typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      var box = Array.from(document.querySelectorAll("[data-search] input")).find(function (one) { return one.offsetParent; });
      if (box) { event.preventDefault(); box.focus(); }
    }
    if (event.key === "Escape") {
      document.querySelectorAll("details.menu[open], details.pop[open]").forEach(function (open) {
        open.removeAttribute("open");
        open.querySelector("summary").focus();
      });
    }
  });
  function copyText(button, text) {
    var done = function () { button.textContent = "已复制"; };
    if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(text).then(done); return; }
    var area = document.createElement("textarea");
    area.value = text; document.body.appendChild(area); area.select();
    document.execCommand("copy"); area.remove(); done();
  }
  function theme() { if (/[?&]print=1(&|$)/.test(location.search)) { return "light"; } return (document.cookie.match(/(?:^|; )bw_theme=(dark|light)/) || [0, "light"])[1]; }
  function paint() {
    var want = theme();
    if (document.documentElement.getAttribute("data-mantine-color-scheme") !== want) {
      document.documentElement.setAttribute("data-mantine-color-scheme", want);
    }
  }
  function toggleTheme() {
    var next = theme() === "dark" ? "light" : "dark";
    document.cookie = "bw_theme=" + next + "; path=/; max-age=31536000; samesite=strict";
    paint();
    go(location.pathname + location.search, true);
  }
  paint();
  new MutationObserver(paint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-mantine-color-scheme"] });
  /* What is being computed elsewhere is asked for again until it is done; then the page is made anew. */
  setInterval(function () {
    var running = document.querySelector("[data-progress]");
    if (!running || document.hidden) { return; }
    fetch(running.dataset.progress, { credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok) { throw new Error(answer.status); }
      return answer.json();
    }).then(function (told) {
      if (!told.running) { location.reload(); return; }
      running.querySelector("[data-said]").textContent = told.said;
      running.querySelector(".done").style.width = told.share;
    }).catch(function () {});
  }, 2000);
  /* "正在计算" after 3 s of waiting, never before: most answers are there in a tenth of one. */
  var since = 0;
  setInterval(function () {
    var busy = document.title === "正在更新…";
    since = busy ? since || Date.now() : 0;
    var mark = document.getElementById("waiting");
    if (!mark) { return; }
    var seconds = since ? Math.floor((Date.now() - since) / 1000) : 0;
    mark.classList.toggle("on", seconds >= 3);
    if (seconds >= 3) { mark.textContent = "正在计算，已用" + seconds + "秒"; }
  }, 500);
})();
