/* A session that ended: the next answer says so, and the browser goes to the sign-in page. */
(function () {
  "use strict";
  var plain = window.fetch;
  window.fetch = function () {
    return plain.apply(this, arguments).then(function (answer) {
      if (answer.status === 401 && new URL(answer.url).pathname.indexOf("/_dash") === 0) {
        location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
        return new Promise(function () { });
      }
      return answer;
    });
  };
})();
