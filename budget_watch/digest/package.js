
"use strict";
(function () {
  var head = document.getElementById("head").textContent, about = JSON.parse(head);
  var box = JSON.parse(document.getElementById("sealed").textContent);
  var form = document.getElementById("open"), main = document.getElementById("contents");
  var said = document.getElementById("said"), ends = Date.parse(about.expires);
  function bytes(text) { return Uint8Array.from(atob(text), function (sign) { return sign.charCodeAt(0); }); }
  function over() {
    if (Date.now() < ends) { return false; }
    main.replaceChildren();
    form.hidden = true;
    document.getElementById("over").hidden = false;
    return true;
  }
  function opened(phrase) {
    var text = new TextEncoder();
    return crypto.subtle.importKey("raw", text.encode(phrase.normalize("NFKC").trim()), "PBKDF2", false, ["deriveKey"]).then(function (own) {
      return crypto.subtle.deriveKey(
        { name: "PBKDF2", hash: "SHA-256", salt: bytes(box.salt), iterations: box.rounds }, own,
        { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
    }).then(function (key) {
      return crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(box.nonce), additionalData: text.encode(head) }, key, bytes(box.data));
    }).then(function (plain) { return new TextDecoder().decode(plain); });
  }
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (over()) { return; }
    if (!window.crypto || !crypto.subtle) { said.textContent = "这个浏览器不能解密本地文件；请换 Chrome、Edge、Firefox 的新版本。"; return; }
    said.textContent = "正在打开…";
    opened(document.getElementById("phrase").value).then(function (html) {
      if (over()) { return; }
      main.innerHTML = html;
      form.hidden = true;
      form.reset();
    }, function () { said.textContent = "口令不对，或文件被改过，打不开。"; });
  });
  over();
  setInterval(over, 5000);
})();
