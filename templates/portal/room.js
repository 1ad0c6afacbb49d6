// Measures from a browser in a room: answers, download, upload. Plain enough for Safari of iOS 12.
"use strict";
(function () {
  var card = document.getElementById("measure");
  if (!card) return;
  var path = card.dataset.path;
  var PINGS = 30, PING_LIMIT_MS = 2000, PING_GAP_MS = 60;
  var DOWN_STREAMS = 4, UP_STREAMS = 6, LOAD_MS = 5000, RAMP_MS = 1000;
  var FIRST_BODY = 16384, SOON_MS = 250;
  // TCP waits at least so long before it sends a lost packet again.
  var LATE_MS = 200;

  function all(selector) { return Array.prototype.slice.call(card.querySelectorAll(selector)); }
  function part(name) { return card.querySelector("[data-part=" + name + "]"); }
  function show(name, yes) { part(name).hidden = !yes; }
  function tell(words) {
    all("[data-when]").forEach(function (one) { one.hidden = words.indexOf(one.dataset.when) < 0; });
  }
  function fill(name, text) {
    all("[data-fill=" + name + "]").forEach(function (one) { one.textContent = text; });
  }
  function step(name) {
    all("[data-step]").forEach(function (one) { one.hidden = one.dataset.step !== name; });
  }
  function progress(value) { document.getElementById("progress").value = value; }
  function now() { return performance.now(); }
  function wait(ms) { return new Promise(function (done) { setTimeout(done, ms); }); }
  function middle(values) {
    var sorted = values.slice().sort(function (a, b) { return a - b; });
    return sorted[Math.floor(sorted.length / 2)];
  }

  function Refused(code) { this.code = code; }
  async function post(what, body) {
    var answer = await fetch(path + what, {
      method: "POST", body: body, credentials: "omit", cache: "no-store"
    });
    var said = await answer.json();
    if (!answer.ok) throw new Refused(said.code);
    return said;
  }

  async function onePing(number) {
    var stop = new AbortController();
    var timer = setTimeout(function () { stop.abort(); }, PING_LIMIT_MS);
    var begun = now();
    try {
      var answer = await fetch(path + "/ping?" + number, {
        signal: stop.signal, credentials: "omit", cache: "no-store"
      });
      return answer.ok ? now() - begun : null;
    } catch (error) {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  async function answers() {
    await onePing(0); // opens the connection
    var times = [], lost = 0, steps = [], before = null;
    for (var number = 1; number <= PINGS; number++) {
      var took = await onePing(number);
      if (took === null) { lost++; } else {
        times.push(took);
        if (before !== null) steps.push(Math.abs(took - before));
      }
      before = took;
      progress(25 * number / PINGS);
      await wait(PING_GAP_MS);
    }
    if (!times.length) throw new Refused("failed");
    var usual = middle(times);
    return {
      latency_ms: usual,
      jitter_ms: steps.length ? steps.reduce(function (a, b) { return a + b; }, 0) / steps.length : 0,
      sent: PINGS,
      lost: lost,
      late: times.filter(function (took) { return took > usual + LATE_MS; }).length
    };
  }

  // Bits a second of what `load` moves with several streams at once. The first second is left out:
  // connections begin slowly.
  async function rate(load, streams, from) {
    var begun = now(), moved = 0, marked = null, last = begun;
    function count(bytes) {
      moved += bytes;
      last = now();
      if (marked === null && last - begun >= RAMP_MS) marked = { at: last, moved: moved };
    }
    var stop = new AbortController();
    var timer = setTimeout(function () { stop.abort(); }, LOAD_MS);
    var ticking = setInterval(function () {
      progress(from + 37 * Math.min(1, (now() - begun) / LOAD_MS));
    }, 100);
    try {
      var loads = [];
      for (var number = 0; number < streams; number++) loads.push(load(count, stop.signal));
      await Promise.all(loads);
    } finally {
      clearTimeout(timer);
      clearInterval(ticking);
    }
    if (!moved) throw new Refused("failed");
    if (marked === null || last - marked.at < RAMP_MS / 2) marked = { at: begun, moved: 0 };
    return Math.round((moved - marked.moved) * 8000 / Math.max(1, last - marked.at));
  }

  // Ends quietly when the time is over; throws when the connection failed before.
  function ended(signal, error) { if (!signal.aborted) throw error; }

  function download(ticket) {
    return async function (count, signal) {
      try {
        var answer = await fetch(path + "/down?ticket=" + ticket, {
          signal: signal, credentials: "omit", cache: "no-store"
        });
        if (!answer.ok) throw new Refused((await answer.json()).code);
        var reader = answer.body.getReader();
        for (;;) {
          var chunk = await reader.read();
          if (chunk.done) return;
          count(chunk.value.length);
        }
      } catch (error) { ended(signal, error); }
    };
  }

  function noise() {
    var bytes = new Uint8Array(1000000);
    // Browsers give 65,536 random bytes at once.
    for (var at = 0; at < bytes.length; at += 65536) {
      crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65536, bytes.length)));
    }
    return bytes;
  }

  // Counts what the server has answered: what the browser calls sent may lie in a buffer. Bodies
  // grow as long as they are answered soon, so that a slow line has some answers too.
  function upload(ticket, bytes) {
    return async function (count, signal) {
      var size = FIRST_BODY;
      try {
        while (!signal.aborted) {
          var begun = now();
          var answer = await fetch(path + "/up?ticket=" + ticket, {
            method: "POST", body: bytes.subarray(0, size), signal: signal,
            credentials: "omit", cache: "no-store"
          });
          if (answer.status === 429) return; // all that one measurement may send
          if (!answer.ok) throw new Refused((await answer.json()).code);
          count(size);
          if (now() - begun < SOON_MS) size = Math.min(2 * size, bytes.length);
        }
      } catch (error) { ended(signal, error); }
    };
  }

  function device() {
    var name = navigator.userAgent;
    if (/iPad/.test(name) || (/Macintosh/.test(name) && navigator.maxTouchPoints > 1)) return "ipad";
    return /iPhone|Mobile/.test(name) ? "phone" : "computer";
  }

  function figures(told) {
    var one = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
    var mbit = function (bps) { return one.format(bps / 1e6); };
    fill("down", mbit(told.down_bps));
    fill("up", mbit(told.up_bps));
    fill("latency", one.format(told.latency_ms));
    fill("jitter", one.format(told.jitter_ms));
    fill("lost", one.format(told.lost));
    fill("sent", one.format(told.sent));
    var words = [told.enough];
    if (told.line && told.line.basis) {
      fill("line", mbit(told.line.down_bps));
      words.push("line-" + told.line.basis, "narrow-" + told.narrow);
    }
    tell(words);
    show("figures", true);
  }

  async function measure() {
    tell([]);
    show("start", false);
    show("again", false);
    show("figures", false);
    progress(0);
    step("ping");
    show("running", true);
    try {
      var ticket = (await post("/begin")).ticket;
      var found = await answers();
      step("down");
      found.down_bps = await rate(download(ticket), DOWN_STREAMS, 25);
      step("up");
      found.up_bps = await rate(upload(ticket, noise()), UP_STREAMS, 62);
      found.ticket = ticket;
      found.device = device();
      figures(await post("/result", JSON.stringify(found)));
    } catch (error) {
      var code = error instanceof Refused ? error.code : "failed";
      tell([card.querySelector('[data-when="' + code + '"]') ? code : "failed"]);
    }
    show("running", false);
    show("again", true);
    part("told").focus();
  }

  if (!window.fetch || !window.AbortController || !window.ReadableStream || !window.Intl) {
    tell(["old"]);
    return;
  }
  all("button").forEach(function (button) { button.addEventListener("click", measure); });
  show("start", true);
})();
