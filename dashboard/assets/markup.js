/* Parts that the server wrote as markup (dashboard/markup.py): fill them before they are painted. */
(function () {
  "use strict";
  function fill(element) {
    if (element.bwHtml === element.dataset.html) { return; }
    element.bwHtml = element.dataset.html;
    element.innerHTML = element.bwHtml;
    element.bwMade = Array.from(element.childNodes);
  }
  function each(node) {
    if (node.nodeType !== 1) { return; }
    if (node.hasAttribute("data-html")) { fill(node); }
    node.querySelectorAll("[data-html]").forEach(fill);
  }
  new MutationObserver(function (changes) {
    changes.forEach(function (change) {
      if (change.type === "childList") { change.addedNodes.forEach(each); return; }
      var element = change.target;
      if (element.hasAttribute("data-html")) { fill(element); return; }
      if (element.bwMade) { element.bwMade.forEach(function (made) { made.remove(); }); element.bwMade = element.bwHtml = undefined; }
    });
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-html"] });
  each(document.documentElement);
})();
