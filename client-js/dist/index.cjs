"use strict";
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// src/index.js
var index_exports = {};
__export(index_exports, {
  Rollcall: () => Rollcall,
  RollcallError: () => RollcallError
});
module.exports = __toCommonJS(index_exports);

// src/error.js
var RollcallError = class extends Error {
  /**
   * @param {string} code
   * @param {string} [message] the code, if there is nothing to add
   * @param {{ request?: string, channel?: string, cause?: unknown }} [about]
   */
  constructor(code, message, about = {}) {
    super(message || code, about);
    this.name = "RollcallError";
    this.code = code;
    this.request = about.request;
    this.channel = about.channel;
  }
  /** Whether the request went down with its connection, or is about to: it is made again on the next. @internal */
  get passing() {
    return ["disconnected", "rate_limited", "draining"].includes(this.code);
  }
};

// src/address.js
function webSocketAddress(address) {
  const page2 = (
    /** @type {any} */
    globalThis.location
  );
  return new URL(address, page2?.href).href.replace(/^http/, "ws");
}

// src/bytes.js
function byteLength(text) {
  return new TextEncoder().encode(text).length;
}

// src/tokens.js
var margin = 3e4;
var patience = 3e4;
var Tokens = class {
  #clock;
  #token = (
    /** @type {Token} */
    null
  );
  // the last one of a function
  /** When the token ends, Unix milliseconds of the node; null: never, or not known. @type {number | null} */
  expires = null;
  #refused = (
    /** @type {any} */
    this
  );
  // the last token that was refused; so far none
  #asked = (
    /** @type {Promise<Token> | null} */
    null
  );
  /** @param {TokenSource} source @param {Clock} clock */
  constructor(source, clock) {
    this.source = source;
    this.#clock = clock;
  }
  /** @param {TokenSource} source */
  use(source) {
    this.source = source;
    this.#token = this.#asked = null;
    this.#refused = this;
  }
  /** The node would not take this one: it is not shown again. @param {Token} token */
  refused(token) {
    this.#refused = token;
    this.#token = null;
  }
  /** Whether a fresh token can be asked for. */
  get renewable() {
    return typeof this.source === "function";
  }
  /** Whether there is a token to try, or a function that may return one. */
  get hopeful() {
    return this.renewable || this.source != this.#refused;
  }
  /** Returns a token for a new connection. @param {number} now by the node's clock */
  get(now) {
    return this.#token && (this.expires ?? Infinity) - now > margin ? this.#token : this.renew();
  }
  /** Asks for a fresh token; who asks meanwhile gets the same. @returns {Promise<Token>} */
  renew() {
    return this.#asked ??= this.#ask().finally(() => this.#asked = null);
  }
  async #ask() {
    const { source } = this;
    if (typeof source !== "function") return source;
    let timer;
    try {
      const late = new Promise((_, reject) => {
        timer = this.#clock.setTimeout(() => reject("timeout"), patience);
      });
      const token = await Promise.race([source(), late]);
      if (source === this.source) this.#token = token;
      this.expires = null;
      return token;
    } catch (cause) {
      throw new RollcallError("token", `token function: ${cause}`, { cause });
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }
};
function names(token, user) {
  try {
    const payload = (
      /** @type {string} */
      token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")
    );
    const text = decodeURIComponent(escape(atob(payload)));
    return Object.values(JSON.parse(text)).includes(user);
  } catch {
    return false;
  }
}

// src/wishes.js
function unawaited(promise) {
  promise.catch(() => {
  });
  return promise;
}
var Wishes = class {
  /** @type {{ mark: number, resolve: (nothing: void) => void, reject: (error: Error) => void }[]} */
  #open = [];
  /** How many wishes were made so far. */
  mark = 0;
  /** @returns {Promise<void>} that nobody needs to wait for */
  make() {
    return unawaited(new Promise((resolve, reject) => this.#open.push({ mark: ++this.mark, resolve, reject })));
  }
  /**
   * @param {Error | null} error null: they are granted
   * @param {number} [until] settles the wishes up to that mark
   */
  settle(error, until = this.mark) {
    const all = this.#open;
    this.#open = all.filter(({ mark }) => mark > until);
    for (const { mark, resolve, reject } of all) if (mark <= until) error ? reject(error) : resolve();
  }
};

// src/choice.js
var maxText = 256;
var Choice = class {
  #shelf;
  #client;
  #fresh = (
    /** @type {{ status: Status, text?: string } | null} */
    null
  );
  // not answered yet
  #held = (
    /** @type {Status} */
    "online"
  );
  // what the node said last
  #wishes = new Wishes();
  /** @type {Status} */
  status = "online";
  /** @param {Shelf} shelf @param {Rollcall} client */
  constructor(shelf, client) {
    this.#shelf = shelf;
    this.#client = client;
  }
  /** What was chosen shows at once; if the node refuses it, what held before does again. @param {Status} status @param {string} [text] */
  choose(status, text) {
    if (byteLength(text) > maxText) {
      const error = new RollcallError("too_large", "text", { request: "status" });
      this.#client.fail(error);
      return unawaited(Promise.reject(error));
    }
    this.#fresh = { status, text };
    const done = this.#wishes.make();
    this.#show(status);
    this.#client.links.forEach((link) => this.enter(link));
    return done;
  }
  /** Returns what hello is to say. @param {Token} token */
  hello(token) {
    const kept = this.#shelf.get();
    return this.#fresh?.status ?? (kept && names(token, kept.user) ? kept.status : void 0);
  }
  /** Says the choice on a link, if the node has not taken it yet. @param {Link} link */
  enter(link) {
    const said = this.#fresh;
    if (!said) return;
    const { mark } = this.#wishes;
    const answered = (error) => {
      if (this.#fresh === said) this.#fresh = null;
      this.#wishes.settle(error, mark);
      this.told(error ? this.#held : said.status);
    };
    link.request("status", said).then(
      () => answered(null),
      (error) => {
        if (error.passing) return;
        answered(error);
        this.#client.fail(error);
      }
    );
  }
  /** The node says what holds. @param {Status} status */
  told(status) {
    this.#held = status;
    if (this.#fresh) return;
    const { user } = this.#client;
    if (user !== null) this.#shelf.put({ user, status });
    this.#show(status);
  }
  /** @param {Status} status */
  #show(status) {
    if (status === this.status) return;
    this.status = status;
    this.#client.emit("status", status);
  }
  /** The user is nobody from now on: what was chosen is not to be asserted for the next one. */
  forget() {
    this.#shelf.put(null);
  }
  /** @param {RollcallError} error */
  end(error) {
    this.#fresh = null;
    this.#wishes.settle(error);
  }
};

// src/clock.js
var systemClock = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  random: Math.random
};
var Pulse = class {
  #clock;
  #interval;
  #beat;
  #timer = (
    /** @type {any} */
    null
  );
  #mono = 0;
  #wall = 0;
  /**
   * @param {Clock} clock
   * @param {number} interval milliseconds
   * @param {(beat: Beat) => void} beat
   */
  constructor(clock, interval, beat) {
    this.#clock = clock;
    this.#interval = interval;
    this.#beat = beat;
  }
  start() {
    if (this.#timer !== null) return;
    this.#mono = this.#clock.mono();
    this.#wall = this.#clock.wall();
    this.#arm();
  }
  stop() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
  /** Beats now if a beat is due. */
  nudge() {
    if (this.#timer !== null && this.#clock.mono() - this.#mono >= this.#interval) this.#run();
  }
  #arm() {
    this.#timer = this.#clock.setTimeout(() => {
      this.#arm();
      this.#run();
    }, this.#interval);
  }
  #run() {
    const mono = this.#clock.mono();
    const wall = this.#clock.wall();
    const gap = mono - this.#mono;
    const jumped = Math.abs(wall - this.#wall - gap) > 1e3;
    this.#mono = mono;
    this.#wall = wall;
    const most3 = 2 * this.#interval;
    this.#beat({ ran: Math.min(gap, most3), late: gap > most3 || jumped, jumped });
  }
};
var NodeTime = class {
  #clock;
  #ahead = NaN;
  // of clock.mono
  /** How long the best measurement was under way. Infinity: it counts no more. */
  doubt = Infinity;
  /** @param {Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }
  /** Unix milliseconds by the node's clock; by our own, until a node has told its time. */
  now() {
    return Math.round(this.#clock.mono() + this.#ahead) || this.#clock.wall();
  }
  /**
   * @param {number} time what the node said
   * @param {number} asked when it was asked, by clock.mono; it answered between then and now
   */
  measure(time, asked) {
    const now = this.#clock.mono();
    if (now - asked > this.doubt) return;
    this.doubt = now - asked;
    this.#ahead = time - (asked + now) / 2;
  }
};

// src/backoff.js
function backoff(failures, { min, max }, random) {
  return random() * Math.min(max, min * 2 ** failures);
}

// src/storage.js
var Shelf = class {
  #key;
  #storage;
  /**
   * @param {string} key
   * @param {() => StorageLike | null | undefined} find may throw, as the mere mention of localStorage does in some frames
   */
  constructor(key, find) {
    this.#key = key;
    this.#storage = attempt(find);
  }
  /** @returns {any} what was put; null if there is nothing, or nothing sensible */
  get() {
    return attempt(() => JSON.parse(this.#storage?.getItem(this.#key) ?? "null"));
  }
  /** @param {any} value JSON; null stands for nothing */
  put(value) {
    attempt(() => this.#storage?.setItem(this.#key, JSON.stringify(value)));
  }
};
function attempt(run) {
  try {
    return run();
  } catch {
    return null;
  }
}

// src/link.js
var assumed = { interval: 1e4, timeout: 13e3 };
var probeTime = 3e3;
var silent = 4408;
var notTheProtocol = 4400;
var Link = class {
  #clock;
  #host;
  #socket;
  #maxFrame;
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: RollcallError) => void, about: { request: string, channel?: string } }>} */
  #waiting = /* @__PURE__ */ new Map();
  #lastId = 0;
  #heard;
  // by clock.mono
  #probed = 0;
  // when the node was asked whether it is there; 0: it has said something since
  #open = false;
  #over = false;
  /** The node's last word, if that was an error: a close frame tells less. @type {RollcallError | null} */
  refusal = null;
  /** The node's answer to hello. @type {any} */
  welcome = null;
  /** When hello was said, by clock.mono. */
  since = 0;
  /**
   * @param {number} number counts links: the higher of two is the newer one
   * @param {string} url
   * @param {{ WebSocket: any, clock: Clock, maxFrame: number }} means
   * @param {LinkHost} host
   */
  constructor(number, url, { WebSocket, clock, maxFrame }, host) {
    this.number = number;
    this.#clock = clock;
    this.#host = host;
    this.#maxFrame = maxFrame;
    this.#heard = clock.mono();
    const socket = this.#socket = new WebSocket(url, "rollcall.v1");
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#frame(event.data);
    socket.onclose = (event) => this.#end(event.code, event.reason);
    socket.onerror = () => {
    };
  }
  /** Whether hello was sent, and the link has not ended. */
  get open() {
    return this.#open && !this.#over;
  }
  /**
   * Sends a request and returns the node's answer; of a roster in parts, the first. Rejected if the
   * node refuses, or if the link ends before.
   *
   * @param {string} type
   * @param {Record<string, any>} [fields]
   * @returns {Promise<any>}
   */
  request(type, fields = {}) {
    const about = { request: type, channel: fields.channel };
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (!this.open) return reject(new RollcallError("disconnected", "", about));
      const frame = JSON.stringify({ type, id, ...fields });
      if (byteLength(frame) > this.#maxFrame) {
        return reject(new RollcallError("too_large", "beyond maxFrame", about));
      }
      this.#waiting.set(id, { resolve, reject, about });
      this.#send(frame);
    });
  }
  /** Asks whether the node is still there; {@link Link.check} draws the conclusion. Returns the answer. */
  probe() {
    this.#probed ||= this.#clock.mono();
    return this.request("time");
  }
  /**
   * Gives the link up if the node has been silent for too long.
   *
   * @param {boolean} late whether this comes after a pause: then what the node sent meanwhile may not
   *   have been read yet, and it is asked first
   */
  check(late) {
    const now = this.#clock.mono();
    const { interval, timeout } = this.welcome ?? assumed;
    const quiet = now - this.#heard >= timeout;
    if (late && !quiet) this.#probed &&= now;
    const unanswered = this.#probed && now - this.#probed >= Math.min(probeTime, timeout - interval);
    if (unanswered || quiet && !(this.#open && (late || this.#probed))) this.#end(silent, "silent");
    else if (quiet) unawaited(this.probe());
  }
  /** Ends the link without a word; only who waits for an answer is told. */
  drop() {
    this.#over = true;
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    for (const { reject, about } of this.#waiting.values()) reject(new RollcallError("disconnected", "", about));
    this.#waiting.clear();
  }
  /** Ends the link with a goodbye: the user leaves at once. */
  bye() {
    if (this.open) this.#send('{"type":"bye"}');
    this.drop();
  }
  #opened() {
    this.#open = true;
    this.since = this.#heard = this.#clock.mono();
    this.request("hello", this.#host.hello()).catch(({ code }) => {
      if (code === "bad_request" || code === "too_large") this.#end(notTheProtocol, code);
    });
    this.#host.opened(this);
  }
  /** A broken line does not spoil the next. @param {any} data */
  #frame(data) {
    this.#heard = this.#clock.mono();
    this.#probed = 0;
    for (const line of String(data).split("\n")) {
      const message = attempt(() => JSON.parse(line));
      if (message && !this.#over) this.#take(message);
    }
  }
  /** @param {any} message */
  #take(message) {
    if (message.type === "ping") this.#send('{"type":"pong"}');
    if (message.type === "welcome") this.welcome = message;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === "error") {
      const error = new RollcallError(message.code, message.message, waiting?.about);
      this.refusal = error;
      return waiting ? waiting.reject(error) : this.#host.take(this, message);
    }
    this.refusal = null;
    this.#host.take(this, message);
    waiting?.resolve(message);
  }
  /** A socket that is closing takes nothing, and says so in a moment. @param {string} frame */
  #send(frame) {
    if (this.#socket.readyState === 1) this.#socket.send(frame);
  }
  /** @param {number} code @param {string} reason */
  #end(code, reason) {
    if (this.#over) return;
    this.drop();
    const { refusal } = this;
    this.#host.ended(this, code, new RollcallError(refusal?.code ?? "", `${code} ${refusal?.message ?? reason}`));
  }
};

// src/page.js
var page = (
  /** @type {any} */
  globalThis.document && globalThis
);
function listen(events, run) {
  const over = new AbortController();
  const options = { capture: true, passive: true, signal: over.signal };
  for (const [target, names2] of events) for (const name of names2) target.addEventListener(name, run, options);
  return () => over.abort();
}
function watchPage(events) {
  if (!page) return () => {
  };
  const { document } = page;
  const names2 = ["visibilitychange", "freeze", "resume"];
  return listen([[page, ["online", "offline", "pagehide", "pageshow"]], [document, names2]], ({ type }) => {
    if (type === "freeze") events.freeze();
    else if (type === "pagehide") events.sleep();
    else if (type !== "visibilitychange" || !document.hidden) events.wake();
  });
}

// src/connection.js
var endings = (
  /** @type {Record<number, string>} */
  { 1e3: "logged_out", 4400: "protocol", 4401: "logged_out", 4403: "kicked" }
);
var patient = 3;
var Connection = class {
  #clock;
  #host;
  #tokens;
  #session;
  #options;
  #urls;
  #turn = 0;
  #pulse;
  /** @type {Link | null} */
  #next = null;
  // being opened
  #shown = (
    /** @type {Token} */
    null
  );
  // the token of the newest link
  #links = 0;
  #attempts = 0;
  // a token that comes for an older one comes too late
  #failures = 0;
  #timer = (
    /** @type {any} */
    null
  );
  #drained = (
    /** @type {Link | null} */
    null
  );
  #asleep = false;
  /** @type {(() => void) | null} */
  #unwatch = null;
  /** The link that we are welcome on. @type {Link | null} */
  link = null;
  /** @type {State} */
  state = "offline";
  /** Whether we gave up our identity, so that a node that wants one is no longer for us. */
  loggedOut = false;
  /** Whether we have another one since: then the goodbye that answers our logout is not the end. */
  returning = false;
  /**
   * @param {object} parts
   * @param {string[]} parts.urls
   * @param {Tokens} parts.tokens
   * @param {Shelf} parts.session where the session is kept over reloads
   * @param {{ reconnect: { min: number, max: number }, checkInterval: number, maxFrame: number, WebSocket: any, clock: Clock }} parts.options
   * @param {Host} parts.host
   */
  constructor({ urls, tokens, session, options, host }) {
    this.#urls = urls;
    const { clock } = options;
    this.#clock = clock;
    this.#tokens = tokens;
    this.#session = session;
    this.#options = options;
    this.#host = host;
    this.#pulse = new Pulse(clock, options.checkInterval, (beat) => this.#beat(beat));
    this.time = new NodeTime(clock);
    this.resume = this.#stored();
  }
  /** Links that took our hello: two while we move from one node to another. */
  get links() {
    return (
      /** @type {Link[]} */
      [this.link, this.#next].filter((link) => link?.open)
    );
  }
  /** Opens a link at once, unless there is one, or one is being opened. */
  connect() {
    this.#unwatch ??= watchPage(this);
    this.#asleep = false;
    this.#pulse.start();
    if (!this.link && !this.#next && this.state !== "connecting") this.#attempt();
  }
  /** Begins anew, because what a link being opened says of us is no longer so. */
  restart() {
    this.#drop(this.#next);
    this.#next = null;
    this.#attempt();
  }
  /** The page is to stand still. That may be short, so we stay, and the node counts its timeout from this on. */
  freeze() {
    if (this.link) unawaited(this.link.request("time"));
  }
  /** The page goes away, perhaps to come back. No goodbye: a reload looks the same. */
  sleep() {
    this.#asleep = true;
    this.#set("offline");
    this.#end();
  }
  /** The page is back, and another page of this tab may have gone on with our session; or all is to be seen anew. */
  wake() {
    if (this.#asleep) {
      this.resume = this.#stored() ?? this.resume;
      return this.connect();
    }
    this.#pulse.nudge();
    if (this.link) this.#measure(this.link.probe());
    else if (this.#timer) this.#attempt();
  }
  /** Ends for good, with a goodbye. */
  close() {
    for (const link of this.links) link.bye();
    this.remember(null);
    this.#unwatch?.();
    this.#unwatch = null;
    this.#end();
    this.#set("closed");
  }
  /** The node gave the session another name, or it is nobody's any more. @param {string | null} session */
  remember(session) {
    this.resume = session;
    this.#session.put(session);
  }
  #stored() {
    const session = this.#session.get();
    return typeof session === "string" ? session : null;
  }
  #end() {
    this.#pulse.stop();
    this.#stopTimer();
    this.#attempts++;
    const { link } = this;
    this.link = this.#drained = null;
    this.#drop(link);
    this.#drop(this.#next);
    this.#next = null;
  }
  /** @param {Link | null} link */
  #drop(link) {
    link?.drop();
    if (link) this.#host.exit(link);
  }
  #stopTimer() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
  /** Opens the next link; if there is one already, beside it. */
  async #attempt() {
    this.#stopTimer();
    const attempt2 = ++this.#attempts;
    if (!this.link) this.#set("connecting");
    try {
      const token = await this.#tokens.get(this.time.now());
      if (attempt2 === this.#attempts) this.#open(token);
    } catch (error) {
      if (attempt2 !== this.#attempts) return;
      this.#host.refused(
        /** @type {RollcallError} */
        error
      );
      this.#retry();
    }
  }
  /** @param {Token} token */
  #open(token) {
    const url = this.#urls[this.#turn++ % this.#urls.length];
    this.#shown = token;
    this.#next = new Link(++this.#links, url, this.#options, this);
  }
  /** What a new link says first. */
  hello() {
    const token = this.#shown;
    return { token: token ?? void 0, resume: this.resume ?? void 0, ...this.#host.hello(token) };
  }
  /** @param {Link} link */
  opened(link) {
    this.#host.enter(link);
  }
  /** @param {Link} link @param {any} message */
  take(link, message) {
    if (message.type === "welcome") this.#welcomed(link, message);
    else if (message.type === "drain") this.#drain(link, message.delay);
    this.#host.take(link, message);
    if (message.type === "welcome" && link === this.link) this.#set("online");
    this.#pulse.nudge();
  }
  /** @param {Link} link @param {any} welcome */
  #welcomed(link, welcome) {
    const old = this.link;
    this.link = link;
    this.#next = this.#drained = null;
    this.returning = false;
    this.remember(welcome.session);
    this.#tokens.expires = welcome.expires;
    this.#drop(old);
    this.time.doubt = Infinity;
    this.time.measure(welcome.time, link.since);
    this.#measure(link.request("time"));
  }
  /** @param {Promise<{ time: number }>} answer of the node, asked for its time just now */
  #measure(answer) {
    const asked = this.#clock.mono();
    const { link } = this;
    answer.then(
      ({ time }) => link === this.link && this.time.measure(time, asked),
      () => {
      }
      // the link ended, which is told elsewhere
    );
  }
  /** @param {Link} link @param {number} delay */
  #drain(link, delay) {
    if (link !== this.link || this.#drained === link) return;
    this.#drained = link;
    this.#timer = this.#clock.setTimeout(() => this.#attempt(), delay);
  }
  /** @param {Link} link @param {number} code @param {RollcallError} error */
  ended(link, code, error) {
    if (link === this.link) this.link = null;
    else this.#next = null;
    const moving = !this.link && this.#next;
    if (!this.link && !moving) this.#set("offline");
    this.#host.exit(link);
    if (code === 4401 && link.number === this.#links) this.#tokens.refused(this.#shown);
    if (moving) return;
    if (this.link) return this.#retry();
    const good = link.welcome && this.#clock.mono() - link.since >= link.welcome.interval;
    if (good) this.#failures = 0;
    this.#conclude(code, error, good);
  }
  /**
   * Decides by the close code whether to come back.
   *
   * @param {number} code
   * @param {RollcallError} error
   * @param {boolean | null} good whether the link had lasted, so that its end is no failed attempt
   */
  #conclude(code, error, good) {
    const as = (name) => new RollcallError(name, error.message);
    const last = !(code === 1e3 && this.returning) && !(code === 4401 && !this.loggedOut) && endings[code];
    if (last) return this.#final(as(code === 4400 && error.code || last));
    if (code === 4409) this.remember(null);
    if (code === 4429) this.#failures = Math.max(this.#failures, patient);
    if (code === 4401 || code === 4429) this.#host.refused(as(error.code || (code === 4401 ? "unauthorized" : "limit_reached")));
    if (this.state !== "closed") this.#retry(good);
  }
  /** @param {RollcallError} error */
  #final(error) {
    this.close();
    this.#host.end(error);
  }
  /**
   * Sees to the next attempt, unless there is no token to make it with.
   *
   * @param {boolean | null} [good] that it is the first one
   */
  #retry(good = false) {
    if (!this.link) this.#set("offline");
    this.#stopTimer();
    if (!this.#tokens.hopeful) return;
    if (!good) this.#failures++;
    this.#timer = this.#clock.setTimeout(
      () => this.#attempt(),
      backoff(this.#failures, this.#options.reconnect, this.#clock.random)
    );
  }
  /** @param {Beat} beat */
  #beat(beat) {
    this.#next?.check(beat.late);
    this.link?.check(beat.late);
    if (beat.jumped && this.link) {
      this.time.doubt = Infinity;
      this.#measure(this.link.probe());
    }
    this.#host.beat(beat);
  }
  /** @param {State} state */
  #set(state) {
    if (state === this.state) return;
    this.state = state;
    this.#host.became(state);
  }
};

// src/emitter.js
var Emitter = class {
  /** @type {Map<keyof Events, Set<(...args: any[]) => void>>} */
  #listeners = /* @__PURE__ */ new Map();
  /**
   * Has `listener` called at each such event. Adding it twice is adding it once.
   *
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(...args: Events[Name]) => void} listener
   * @returns {() => void} a function that ends it
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? /* @__PURE__ */ new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => this.off(name, listener);
  }
  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(...args: Events[Name]) => void} listener
   */
  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
  }
  /**
   * Calls the listeners there are now; one that is added meanwhile waits for the next event.
   * Returns whether there were any.
   *
   * @internal
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} args
   */
  emit(name, ...args) {
    const listeners = [...this.#listeners.get(name) ?? []];
    for (const listener of listeners) {
      try {
        listener(...args);
      } catch (error) {
        Promise.reject(error);
      }
    }
    return listeners.length > 0;
  }
};

// src/follows.js
var most = 200;
var blaming = ["forbidden", "bad_request"];
var Followed = class extends Emitter {
  #unfollow;
  /** What is known of the user, as one object that never changes; null until the node has answered. @type {UserStatus | null} */
  snapshot = null;
  /** Whether that may be out of date. */
  stale = true;
  /** Why this follow is over. @type {RollcallError | null} */
  error = null;
  /** @internal @param {string} user @param {() => void} unfollow */
  constructor(user, unfollow) {
    super();
    this.user = user;
    this.#unfollow = unfollow;
  }
  /** Undefined until the node has answered. */
  get status() {
    return this.snapshot?.status;
  }
  get since() {
    return this.snapshot?.since;
  }
  get lastActivity() {
    return this.snapshot?.lastActivity;
  }
  get lastSeen() {
    return this.snapshot?.lastSeen;
  }
  get text() {
    return this.snapshot?.text;
  }
  /** Ends it. Following the user again gives another object. */
  unfollow() {
    this.#unfollow();
  }
  /** @internal @param {UserStatus} told */
  tell(told) {
    const before = look(this.snapshot);
    this.snapshot = told;
    this.stale = false;
    if (before !== look(told)) this.emit("change", told);
  }
};
function look(told) {
  return JSON.stringify([told?.status, told?.text, told?.lastSeen]);
}
var Follows = class {
  /** @type {Map<string, Followed>} */
  #users = /* @__PURE__ */ new Map();
  /** @type {Set<string>} */
  #changed = /* @__PURE__ */ new Set();
  // followed or unfollowed, and not said yet
  #client;
  /** @param {Rollcall} client */
  constructor(client) {
    this.#client = client;
  }
  /** @param {string} user */
  get(user) {
    return this.#users.get(user);
  }
  /** @param {string} user */
  follow(user) {
    const known = this.#users.get(user);
    if (known) return known;
    const followed = new Followed(user, () => this.#users.get(user) === followed && this.#users.delete(user) && this.#say(user));
    this.#users.set(user, followed);
    this.#say(user);
    return followed;
  }
  /** @param {Link} link */
  enter(link) {
    this.#ask(link, "follow", [...this.#users.keys()]);
  }
  /** There is no link any more. */
  doubt() {
    for (const followed of this.#users.values()) {
      followed.stale = true;
      followed.emit("stale");
    }
  }
  /** @param {any} message perhaps `users`, `user` or `unfollowed` */
  take({ users, user, names: names2, code }) {
    for (const told of users ?? (user ? [user] : [])) this.#users.get(told.user)?.tell(told);
    for (const name of names2 ?? []) this.#lose(name, new RollcallError(code, name));
  }
  /** @param {RollcallError} error */
  end(error) {
    for (const user of [...this.#users.keys()]) this.#lose(user, error, true);
  }
  /** Says once the caller is done what has changed: many calls in a row make one request. @param {string} user */
  #say(user) {
    if (this.#changed.add(user).size > 1) return;
    queueMicrotask(() => {
      const all = [...this.#changed];
      this.#changed.clear();
      for (const link of this.#client.links) {
        this.#ask(link, "unfollow", all.filter((user2) => !this.#users.has(user2)));
        this.#ask(link, "follow", all.filter((user2) => this.#users.has(user2)));
      }
    });
  }
  /** @param {Link} link @param {'follow' | 'unfollow'} type @param {string[]} users */
  #ask(link, type, users) {
    for (let i = 0; i < users.length; i += most) {
      const some = users.slice(i, i + most);
      link.request(type, { users: some }).catch((error) => type === "follow" && this.#refused(link, some, error));
    }
  }
  /**
   * One bad name refuses a whole request: it is found by asking for halves.
   *
   * @param {Link} link
   * @param {string[]} users
   * @param {RollcallError} error
   */
  #refused(link, users, error) {
    if (error.passing) return;
    const half = users.length >> 1;
    if (!half || !blaming.includes(error.code)) return users.forEach((user) => this.#lose(user, error));
    this.#ask(link, "follow", users.slice(0, half));
    this.#ask(link, "follow", users.slice(half));
  }
  /** @param {string} user @param {RollcallError} error @param {boolean} [known] that the application is told elsewhere */
  #lose(user, error, known) {
    const followed = this.#users.get(user);
    if (!followed) return;
    this.#users.delete(user);
    followed.error = error;
    followed.stale = true;
    followed.emit("error", error) || known || this.#client.fail(error);
  }
};

// src/inputs.js
var defaultInputs = "mousemove mousedown keydown wheel touchstart pointerdown scroll focus visibilitychange".split(" ");
function watchInputs(inputs, acted, blurred) {
  if (!page) return () => {
  };
  const moved = movement();
  let cordova = false;
  const run = (event) => {
    const { type, target } = event;
    const focus = type === "focus" || type === "blur";
    if (focus && target !== page) return;
    if (type === "mousemove" && !moved(event)) return;
    cordova ||= type === "pause";
    if (type === "resume" && !cordova) return;
    const away = type === "blur" || type === "pause" || type === "visibilitychange" && page.document.hidden;
    if (away || focus || type === "resume" || type === "visibilitychange") blurred(away);
    if (!away && (type === "resume" || inputs.includes(type))) acted();
  };
  const cordovas = ["pause", "resume"];
  return listen([[page, [...inputs, "focus", "blur", "visibilitychange"]], [page.document, cordovas]], run);
}
function movement() {
  let before = "";
  return ({ screenX, screenY }) => {
    const now = screenX + " " + screenY;
    const moved = now !== before;
    before = now;
    return moved;
  };
}

// src/tabs.js
function openTabs(acted) {
  return attempt(() => {
    const channel = new BroadcastChannel("rollcall:activity");
    channel.onmessage = acted;
    channel.unref?.();
    return channel;
  });
}

// src/monitor.js
var tellEvery = 1e3;
var Monitor = class extends Emitter {
  #clock;
  #report;
  #tabs = (
    /** @type {BroadcastChannel | null} */
    null
  );
  /** @type {Pulse | null} */
  #pulse = null;
  #unlisten = () => {
  };
  #threshold = 0;
  #idleOnBlur = false;
  #blurred = false;
  #last;
  // by clock.mono
  #told = -Infinity;
  // when the other tabs were told, by clock.mono
  #known = false;
  // whether anybody has ever told whether somebody is there
  /** Whether nobody is there. */
  isIdle = false;
  /**
   * @internal
   * @param {Clock} clock
   * @param {() => void} report told when `isIdle` has changed
   */
  constructor(clock, report) {
    super();
    this.#clock = clock;
    this.#report = report;
    this.#last = clock.mono();
  }
  /** Whether it runs. */
  get isMonitoring() {
    return this.#pulse !== null;
  }
  /** When the last action was, Unix milliseconds by our own clock. */
  get lastActivity() {
    return this.#clock.wall() - this.idle;
  }
  /** How long ago the last action was, milliseconds. */
  get idle() {
    return Math.round(this.#clock.mono() - this.#last);
  }
  /**
   * Begins to watch for actions. To begin is one, unless the window has not the focus and that makes idle. Started
   * again, it goes on with the new options.
   *
   * @param {MonitorOptions} [options]
   */
  start({ threshold = 6e4, interval = 1e3, idleOnBlur = false, inputs = defaultInputs } = {}) {
    this.stop();
    this.#known = true;
    this.#threshold = threshold;
    this.#idleOnBlur = idleOnBlur;
    this.#blurred = false;
    this.#pulse = new Pulse(this.#clock, interval, () => this.#look());
    this.#pulse.start();
    this.#tabs = openTabs(() => this.#blocked() || this.#note());
    this.#unlisten = watchInputs(
      inputs,
      () => this.#act(),
      (blurred) => this.#blur(blurred)
    );
    this.#act();
    this.#blur(page?.document.hasFocus() === false);
  }
  /** Watches no more. Whether somebody is there stays as it was last. */
  stop() {
    this.#pulse?.stop();
    this.#pulse = null;
    this.#unlisten();
    this.#unlisten = () => {
    };
    this.#tabs?.close();
    this.#tabs = null;
  }
  /** Counts as an action, wherever the focus is: for what the page cannot see. */
  ping() {
    this.#blurred = false;
    this.#act();
  }
  /** Nobody is there from now on, until the next action. @internal */
  leave() {
    this.#known = true;
    this.#set(true);
  }
  /** Looks at the clock: called besides by every frame that comes. @internal */
  nudge() {
    this.#pulse?.nudge();
  }
  /** Returns what hello is to say: idle time is not lost with a connection. @internal */
  hello() {
    return this.#known ? { state: this.isIdle ? "away" : "online", idle: this.idle } : {};
  }
  #act() {
    if (this.#blocked()) return;
    this.#note();
    const now = this.#clock.mono();
    if (now - this.#told < tellEvery) return;
    this.#told = now;
    this.#tabs?.postMessage(0);
  }
  /** Whether actions do not count, wherever they are. */
  #blocked() {
    return this.#blurred && this.#idleOnBlur;
  }
  #note() {
    this.#last = this.#clock.mono();
    this.#known = true;
    this.#set(false);
  }
  /** @param {boolean} blurred */
  #blur(blurred) {
    this.#blurred = blurred;
    if (blurred && this.#idleOnBlur) this.#set(true);
  }
  #look() {
    if (this.#threshold && this.idle >= this.#threshold) this.#set(true);
  }
  /** @param {boolean} idle */
  #set(idle) {
    if (idle === this.isIdle) return;
    this.isIdle = idle;
    this.#report();
    this.emit(idle ? "idle" : "active");
  }
};

// src/presence.js
var Presence = class {
  #rooms;
  /** How to end what we tell of a room, by listener. @type {WeakMap<Room, Map<PresenceListener, () => void>>} */
  #told = /* @__PURE__ */ new WeakMap();
  /** @param {Rooms} rooms */
  constructor(rooms) {
    this.#rooms = rooms;
  }
  /** @param {string} channel @param {PresenceListener} listener */
  track(channel, listener) {
    const room = this.#rooms.open(channel, { member: false });
    const told = this.#told.get(room) ?? /* @__PURE__ */ new Map();
    this.#told.set(room, told);
    if (!told.has(listener)) told.set(listener, tell(room, listener));
  }
  /** @param {string} channel @param {PresenceListener} [listener] all, if it is left out */
  untrack(channel, listener) {
    const room = this.#rooms.get(channel);
    const told = room && this.#told.get(room);
    if (!told) return;
    for (const [one, stop] of told) {
      if (listener && listener !== one) continue;
      stop();
      told.delete(one);
    }
    if (!told.size && !room.claimed) room.leave();
  }
};
function tell(room, listener) {
  let told = /* @__PURE__ */ new Map();
  const look3 = () => {
    const before = told;
    told = room.members;
    for (const username of told.keys()) if (!before.has(username)) listener({ action: "join", username });
    for (const username of before.keys()) if (!told.has(username)) listener({ action: "leave", username });
  };
  look3();
  return room.on("change", look3);
}

// src/roster.js
var nobody = { version: 0, count: 0, partial: false, complete: true, members: /* @__PURE__ */ new Map() };
function assemble(parts) {
  const { version, count } = parts[parts.length - 1];
  const members = /* @__PURE__ */ new Map();
  for (const part of parts) for (const member of part.members ?? []) members.set(member.user, member);
  return {
    version,
    count,
    partial: parts.some((part) => part.partial),
    complete: parts.every((part) => part.complete !== false),
    members
  };
}
function replace(before, after, reason = "missed") {
  const changes = [];
  const members = new Map(after.members);
  for (const [user, member] of before.members) {
    if (after.members.has(user)) continue;
    if (!after.complete) members.set(user, member);
    else if (!after.partial) changes.push({ action: "leave", user, member, reason });
  }
  for (const [user, member] of after.members) changes.push(...arrival(before.members.get(user), member));
  return { roster: { ...after, members }, changes };
}
function apply(before, { version, count, join = [], update = [], leave = [] }) {
  if (version !== before.version + 1) return null;
  const changes = [];
  const members = new Map(before.members);
  for (const member of [...join, ...update]) {
    changes.push(...arrival(members.get(member.user), member));
    members.set(member.user, member);
  }
  for (const { user, reason } of leave) {
    const member = members.get(user);
    if (member !== void 0) changes.push({ action: "leave", user, member, reason });
    members.delete(user);
  }
  return { roster: { ...before, version, count, members }, changes };
}
function arrival(old, member) {
  const user = member.user;
  if (old === void 0) return [{ action: "join", user, member }];
  return look2(old) === look2(member) ? [] : [{ action: "update", user, member, old }];
}
function look2({ status, data, profile }) {
  return JSON.stringify([status, data, profile]);
}

// src/changes.js
var most2 = 1e3;
function loop(left) {
  let waiting = [];
  let before;
  let bound = most2;
  let over = false;
  let wake = () => {
  };
  async function* changes() {
    try {
      for (; ; ) {
        const now = waiting;
        waiting = [];
        yield* now;
        if (waiting.length) continue;
        if (over) return;
        await new Promise((resolve) => wake = () => resolve(0));
      }
    } finally {
      left();
    }
  }
  return {
    changes: changes(),
    /** @param {Change[]} changes @param {Roster} from @param {Roster} to what they made of it */
    push(changes2, from, to) {
      if (!waiting.length) before = from;
      waiting = waiting.concat(changes2);
      if (waiting.length > bound) {
        waiting = replace(before, { ...to, partial: false, complete: true }).changes;
        bound = most2 + 2 * waiting.length;
      }
      wake();
    },
    /** What waits is still handed out, then the loop ends. */
    end() {
      over = true;
      wake();
    }
  };
}

// src/room.js
var Room = class extends Emitter {
  #host;
  #roster = nobody;
  /** Where we are, or asked to be, each with the parts of a roster whose end is to come. @type {Map<Link, Snapshot[]>} */
  #links = /* @__PURE__ */ new Map();
  /** @type {Link | null} */
  #feed = null;
  // the one on which versions go on from our roster's
  /** @type {Set<ReturnType<typeof loop>>} */
  #loops = /* @__PURE__ */ new Set();
  #wishes = new Wishes();
  #arrival = new Wishes();
  #sure = (
    /** @type {Record<string, any> | undefined} */
    void 0
  );
  // data that the node has taken
  /**
   * @internal
   * @param {string} channel
   * @param {Wanted} wanted
   * @param {{ ended: () => void, error: (error: RollcallError) => void }} host
   */
  constructor(channel, { member, data, mode = "members" }, host) {
    super();
    this.#host = host;
    this.channel = channel;
    this.joined = member;
    this.claimed = false;
    this.data = data;
    this.mode = mode;
    this.state = "joining";
    this.error = null;
    this.ready = unawaited(this.#arrival.make().then(() => this));
  }
  /** Who is here, by user, in order of arrival. A map that was handed out never changes. */
  get members() {
    return this.#roster.members;
  }
  /** How many are here: exact, even where not all are listed. */
  get count() {
    return this.#roster.count;
  }
  /** Whether the channel is too large for all members to be listed. */
  get partial() {
    return this.#roster.partial;
  }
  /** False: a node of the cluster is late, and its members may be missing. */
  get complete() {
    return this.#roster.complete;
  }
  /** Whether what we know may be out of date. */
  get stale() {
    return this.state !== "live";
  }
  /** @param {string} user */
  has(user) {
    return this.members.has(user);
  }
  /**
   * Changes from now on, for one `for await` loop. It ends when the room is over. A loop that falls more than
   * 1,000 changes behind sees differences only, as after a reconnect.
   */
  changes() {
    const mine = loop(() => this.#loops.delete(mine));
    if (this.#over()) mine.end();
    else this.#loops.add(mine);
    return mine.changes;
  }
  /**
   * Replaces what we say of ourselves here. While there is no connection it is kept for the next one.
   * Resolves once the node has it. If it is refused, the former data holds, and the promise is rejected;
   * whoever does not wait for it learns of that by the event `error`.
   *
   * @param {Record<string, any>} data
   * @returns {Promise<void>}
   */
  update(data) {
    const done = this.#wishes.make();
    if (this.#over() || !this.joined) {
      const error = new RollcallError("not_member", "", { request: "update", channel: this.channel });
      this.#wishes.settle(error);
      this.#report(error);
      return done;
    }
    this.data = data;
    for (const link of this.#links.keys()) this.#say(link, "update", { data });
    return done;
  }
  /** Leaves the channel, and ends this room. It may be joined again, as another room. */
  leave() {
    for (const link of this.#links.keys()) unawaited(link.request("leave", { channel: this.channel }));
    this.end(new RollcallError("left"));
  }
  /**
   * Makes a member of us, or replaces what we say of ourselves. The mode stays that of the first request, as it
   * does at the node.
   *
   * @internal
   * @param {Wanted} wanted
   */
  widen({ member, data }) {
    if (!member || this.joined && data === void 0) return;
    this.joined = true;
    if (data !== void 0) this.data = data;
    for (const link of this.#links.keys()) this.#ask(link);
  }
  /** Says on a new link what is to hold there. @internal @param {Link} link */
  enter(link) {
    this.#links.set(link, []);
    this.#ask(link);
  }
  /** A link is over. @internal @param {Link} link */
  exit(link) {
    this.#links.delete(link);
    if (this.#feed === link) this.#feed = null;
    if (this.#links.size > 0 || this.state !== "live") return;
    this.state = "stale";
    this.emit("stale");
    this.emit("change");
  }
  /** There has been no connection for so long that nobody can be said to be here. @internal */
  infer() {
    if (this.state === "stale") this.#tell(replace(this.#roster, { ...nobody, version: this.#roster.version }, "timeout"));
  }
  /** Our data was another user's. @internal */
  forget() {
    this.data = this.#sure = void 0;
  }
  /**
   * Takes in a message about this channel.
   *
   * @internal
   * @param {Link} link
   * @param {any} message
   */
  take(link, message) {
    const parts = this.#links.get(link);
    if (!parts || this.#feed && this.#feed.number > link.number) return;
    const { type, version, count, code } = message;
    if (type === "roster") this.#snapshot(link, parts, message);
    else if (type === "diff") this.#diff(link, parts, message);
    else if (type === "count") this.#tell({ roster: { ...this.#roster, version, count }, changes: [] });
    else if (type === "ended") this.end(new RollcallError(code, "", { channel: this.channel }));
  }
  /** Ends the room; promises, loops and listeners are told. @internal @param {RollcallError} error */
  end(error) {
    if (this.state === "ended") return;
    this.state = "ended";
    this.error = error;
    this.#links.clear();
    this.#feed = null;
    this.#arrival.settle(error);
    this.#wishes.settle(error);
    for (const loop2 of this.#loops) loop2.end();
    this.#loops.clear();
    this.#host.ended();
    this.emit("end", error);
    this.emit("change");
  }
  /** @param {Link} link */
  #ask(link) {
    const { channel, data, mode, joined } = this;
    this.#say(link, joined ? "join" : "watch", { data: joined ? data : void 0, mode });
  }
  /**
   * Makes a request about this room that carries all we want, so that its answer grants all wishes.
   *
   * @param {Link} link
   * @param {string} type
   * @param {Record<string, any>} fields
   */
  #say(link, type, fields) {
    const { mark } = this.#wishes;
    link.request(type, { channel: this.channel, ...fields }).then(
      () => {
        this.#sure = fields.data;
        this.#wishes.settle(null, mark);
      },
      (error) => this.#refused(link, type, fields, error, mark)
    );
  }
  /**
   * @param {Link} link
   * @param {string} type
   * @param {Record<string, any>} fields
   * @param {RollcallError} error
   * @param {number} mark
   */
  #refused(link, type, { data }, error, mark) {
    if (error.passing || this.state === "ended") return;
    const former = this.#sure;
    const ours = this.data === data;
    if (ours) this.data = former;
    this.#wishes.settle(error, mark);
    this.#report(error);
    if (type === "update") return;
    if (ours && this.#roster !== nobody && data !== former && this.#links.has(link)) this.#ask(link);
    else this.end(error);
  }
  /** @param {RollcallError} error */
  #report(error) {
    this.emit("error", error) || this.#host.error(error);
  }
  /** @param {Link} link @param {Snapshot[]} parts @param {Snapshot & { more: boolean }} message */
  #snapshot(link, parts, message) {
    if (parts[0]?.version !== message.version) parts.length = 0;
    parts.push(message);
    if (message.more) return;
    this.#feed = link;
    this.state = "live";
    const first = this.#roster === nobody;
    const { roster, changes } = replace(this.#roster, assemble(parts.splice(0)));
    this.#tell({ roster, changes: first ? [] : changes }, true);
    if (first) this.#arrival.settle(null);
  }
  /** @param {Link} link @param {Snapshot[]} parts @param {Diff} message */
  #diff(link, parts, message) {
    if (link !== this.#feed) return;
    const next = parts.length ? null : apply(this.#roster, message);
    if (next) return this.#tell(next);
    this.#feed = null;
    unawaited(link.request("sync", { channel: this.channel }));
  }
  /**
   * Takes over a roster and tells of it. A listener may leave the room: then no more is told.
   *
   * @param {{ roster: Roster, changes: Change[] }} next
   * @param {boolean} [whole] that it came as a whole
   */
  #tell({ roster, changes }, whole = false) {
    const before = this.#roster;
    this.#roster = roster;
    for (const loop2 of this.#loops) loop2.push(changes, before, roster);
    const events = changes.map(({ action, member, old, reason }) => [action, member, old ?? reason]);
    if (roster.count !== before.count) events.push(["count", roster.count]);
    if (whole) events.push(["sync", roster.members]);
    for (const [name, ...args] of [...events, ["change"]]) if (!this.#over()) this.emit(name, .../** @type {any} */
    args);
  }
  #over() {
    return this.state === "ended";
  }
};

// src/rooms.js
var Rooms = class {
  /** @type {Map<string, Room>} */
  #rooms = /* @__PURE__ */ new Map();
  #client;
  /** @param {Rollcall} client */
  constructor(client) {
    this.#client = client;
  }
  /** @param {string} channel */
  get(channel) {
    return this.#rooms.get(channel);
  }
  /**
   * Returns the room of a channel, made if there is none, else widened.
   *
   * @param {string} channel
   * @param {Wanted} wanted
   */
  open(channel, wanted) {
    const known = this.#rooms.get(channel);
    if (known) {
      known.widen(wanted);
      return known;
    }
    const room = new Room(channel, wanted, {
      ended: () => this.#rooms.get(channel) === room && this.#rooms.delete(channel),
      error: (error) => this.#client.fail(error)
    });
    this.#rooms.set(channel, room);
    this.#client.links.forEach((link) => room.enter(link));
    return room;
  }
  /** @param {Link} link @param {any} message */
  take(link, message) {
    this.#rooms.get(message.channel)?.take(link, message);
  }
  /** Does something with each room; rooms may end meanwhile. @param {(room: Room) => void} run */
  each(run) {
    ;
    [...this.#rooms.values()].forEach(run);
  }
};

// src/rollcall.js
var renewAgain = 2e3;
var Rollcall = class extends Emitter {
  #options;
  #tokens;
  /** @type {Connection} */
  #connection;
  #rooms = new Rooms(this);
  #presence = new Presence(this.#rooms);
  #follows = new Follows(this);
  /** @type {Choice} */
  #choice;
  #logins = new Wishes();
  // settled by the next welcome, or refusal
  #closed = false;
  #timeout = Infinity;
  // the node's, once it has told
  #down = 0;
  // how long there has been no connection, of our own running time, less the first beat
  /** Who we are; null: nobody, or not known yet. @type {string | null} */
  user = null;
  /** The label of the node that we are connected to, or were last. @type {string | null} */
  node = null;
  /** Why the client is closed. @type {RollcallError | null} */
  error = null;
  /**
   * @param {string | string[]} url address of a node, or several to try in turn
   * @param {Options} [options]
   */
  constructor(url, options = {}) {
    super();
    const { checkInterval = 1e3, maxFrame = 16384, storage, connect = true } = options;
    const { clock = systemClock } = (
      /** @type {TestOptions} */
      options
    );
    const globals = (
      /** @type {any} */
      globalThis
    );
    const WebSocket = options.WebSocket ?? globals.WebSocket;
    if (!WebSocket && connect) throw new TypeError("option WebSocket is missing");
    const urls = [url].flat().map(webSocketAddress);
    const shelf = (name, kind) => new Shelf(`rollcall:${name}:${urls[0]}`, () => storage === void 0 ? globals[kind] : storage);
    this.#options = { ...options, WebSocket, clock, checkInterval, maxFrame, reconnect: { min: 500, max: 2e4, ...options.reconnect } };
    this.#tokens = new Tokens(options.token, clock);
    this.#choice = new Choice(shelf("status", "localStorage"), this);
    this.monitor = new Monitor(clock, () => this.#report());
    this.#connection = new Connection({
      urls,
      tokens: this.#tokens,
      session: shelf("session", "sessionStorage"),
      options: this.#options,
      host: this
    });
    if (connect) this.connect();
  }
  /** `connecting`, `online`, `offline` (it will be tried again) or `closed` (it will not). */
  get state() {
    return this.#connection.state;
  }
  /** The id of our session, as the HTTP API has it; null: there is none. */
  get session() {
    return this.#connection.resume;
  }
  /** When the token ends, Unix milliseconds of the node; null: never, or not known. */
  get expires() {
    return this.#tokens.expires;
  }
  /** Our chosen status. */
  get status() {
    return this.#choice.status;
  }
  /** What the time is by the clock of the node, Unix milliseconds: that of all dates it tells. */
  now() {
    return this.#connection.time.now();
  }
  /** Connects now: at first, if that was put off, instead of waiting for the next try, or again after the node closed us. */
  connect() {
    if (this.#closed) return;
    this.error = null;
    this.#connection.connect();
  }
  /**
   * Joins a channel: we become a member, and are told of the others. A channel has one room, however often it
   * is joined or watched.
   *
   * @param {string} channel
   * @param {{ data?: Record<string, any>, mode?: 'members' | 'count' }} [options] `data`: what to say of ourselves;
   *   `mode: 'count'`: be told only how many there are
   */
  join(channel, options) {
    return this.#open(channel, { ...options, member: true });
  }
  /**
   * Watches a channel without being a member.
   *
   * @param {string} channel
   * @param {{ mode?: 'members' | 'count' }} [options]
   */
  watch(channel, options) {
    return this.#open(channel, { ...options, member: false });
  }
  /** The room of a channel that we joined or watch, if there is one. @param {string} channel */
  room(channel) {
    return this.#rooms.get(channel);
  }
  /** The user whom we follow already, if we do. @param {string} user */
  followed(user) {
    return this.#follows.get(user);
  }
  /** Follows the status of a user, in whatever channels she is. @param {string} user */
  follow(user) {
    this.#check();
    return this.#follows.follow(user);
  }
  /**
   * Chooses our status, on all devices. `offline` is to be invisible. While there is no connection the choice is
   * kept for the next one. Resolves once the node has it.
   *
   * @param {Status} status
   * @param {string} [text] at most 256 bytes
   */
  setStatus(status, text) {
    this.#check();
    return this.#choice.choose(status, text);
  }
  /** Says that nobody is at this connection, until {@link Rollcall.setOnline}, or an action that the monitor sees. */
  setAway() {
    this.monitor.leave();
  }
  /** Says that somebody is at this connection. */
  setOnline() {
    this.monitor.ping();
  }
  /**
   * Shows another token, or names another function that gets them: of the same user, or of another. If it is refused,
   * we stay who we are, and the promise is rejected. Connects again if the node had closed us.
   *
   * @param {TokenSource} token
   * @returns {Promise<void>}
   */
  async setToken(token) {
    this.#check();
    const connection = this.#connection;
    const former = this.#tokens.source;
    connection.returning = connection.loggedOut;
    connection.loggedOut = false;
    this.#tokens.use(token);
    if (!connection.link) return this.#login();
    try {
      await this.#show(await this.#tokens.renew());
    } catch (error) {
      if (
        /** @type {any} */
        error.passing
      ) return this.#login();
      if (this.#tokens.source === token) this.#tokens.use(former);
      throw error;
    }
  }
  /**
   * Gives up who we are: memberships end. Where a node allows it, the connection and its watches of public channels
   * stay; else the client is closed, until {@link Rollcall.setToken}.
   *
   * @returns {Promise<void>}
   */
  async logout() {
    this.#check();
    const connection = this.#connection;
    connection.loggedOut = true;
    this.#tokens.use(null);
    this.#choice.forget();
    const link = connection.links.at(-1);
    try {
      if (link) this.#identified(await link.request("logout"));
    } catch (error) {
      if (!/** @type {any} */
      error.passing) throw error;
      connection.remember(null);
      this.#become(null);
    }
    this.#rooms.each((room) => room.joined && room.end(new RollcallError("logged_out")));
    if (!connection.link && this.state !== "closed") connection.restart();
  }
  /** Says goodbye: we leave everything at once. The client cannot be used again. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.monitor.stop();
    this.end(new RollcallError("closed"));
    this.#connection.close();
  }
  /**
   * Tells who is in a channel, who comes and who goes, as sc-stateless-presence does. One does not become a member by that.
   *
   * @param {string} channel
   * @param {PresenceListener} listener
   */
  trackPresence(channel, listener) {
    this.#check();
    this.#presence.track(channel, listener);
  }
  /**
   * Ends {@link Rollcall.trackPresence}, for one listener or for all.
   *
   * @param {string} channel
   * @param {PresenceListener} [listener]
   */
  untrackPresence(channel, listener) {
    this.#presence.untrack(channel, listener);
  }
  /** @param {string} channel @param {Wanted} wanted */
  #open(channel, wanted) {
    this.#check();
    const room = this.#rooms.open(channel, wanted);
    room.claimed = true;
    return room;
  }
  #check() {
    if (this.#closed) throw this.error;
  }
  /** Comes back as somebody else. */
  #login() {
    const done = this.#logins.make();
    this.connect();
    this.#connection.restart();
    return done;
  }
  /** @param {Token} token */
  async #show(token) {
    const answers = this.links.map((link) => unawaited(link.request("token", { token })));
    try {
      this.#identified(await (answers.at(-1) ?? Promise.reject(new RollcallError("disconnected"))));
    } catch (error) {
      if (!/** @type {any} */
      error.passing) this.#tokens.refused(token);
      throw error;
    }
  }
  /** Gets a fresh token before the old one ends, as often as it takes. @param {Link} link */
  async #renew(link) {
    try {
      await this.#show(await this.#tokens.renew());
    } catch (error) {
      if (link !== this.#connection.link || this.#closed) return;
      this.fail(
        /** @type {RollcallError} */
        error
      );
      const { clock } = this.#options;
      clock.setTimeout(() => link === this.#connection.link && this.#renew(link), renewAgain * (1 + clock.random()));
    }
  }
  /** What else the first frame says. @internal @param {Token} token @returns {Record<string, any>} */
  hello(token) {
    if (this.user !== null && !names(token, this.user)) this.#rooms.each((room) => room.forget());
    return { meta: this.#options.meta, ...this.monitor.hello(), status: this.#choice.hello(token) };
  }
  /** Says on a new link what is to hold there. @internal @param {Link} link */
  enter(link) {
    this.#choice.enter(link);
    this.#rooms.each((room) => room.enter(link));
    this.#follows.enter(link);
  }
  /** A link is over. @internal @param {Link} link */
  exit(link) {
    this.#rooms.each((room) => room.exit(link));
    if (!this.links.length) this.#follows.doubt();
  }
  /** @internal @param {State} state */
  became(state) {
    if (state === "online") this.#down = -this.#options.checkInterval;
    this.emit("state", state);
  }
  /** @internal @param {Beat} beat */
  beat({ ran }) {
    this.monitor.nudge();
    if (this.state !== "online" && (this.#down += ran) >= (this.#options.inferAfter ?? this.#timeout)) {
      this.#rooms.each((room) => room.infer());
    }
  }
  /** No node lets us in as who we want to be. @internal @param {RollcallError} error */
  refused(error) {
    this.#logins.settle(error);
    this.fail(error);
  }
  /** @internal @param {Link} link @param {any} message */
  take(link, message) {
    const { type, expires } = message;
    if (type === "welcome") this.#welcomed(message);
    else if (type === "error") this.fail(new RollcallError(message.code, message.message));
    else if (message.channel) this.#rooms.take(link, message);
    else if (type === "expiring") {
      this.emit("expiring", expires);
      if (this.#tokens.renewable) this.#renew(link);
    } else this.#follows.take(message);
  }
  /** @param {{ user: string | null, node: string, timeout: number, status: Status }} welcome */
  #welcomed({ user, node, timeout, status }) {
    this.node = node;
    this.#timeout = timeout;
    this.#become(user);
    this.#choice.told(status);
    this.#logins.settle(null);
  }
  /** @param {{ user: string | null, expires: number | null, session?: string }} answer */
  #identified({ user, expires, session }) {
    this.#tokens.expires = expires;
    if (session) this.#connection.remember(session);
    if (user !== this.user) this.#rooms.each((room) => room.forget());
    this.#become(user);
  }
  /** @param {string | null} user */
  #become(user) {
    if (user === this.user) return;
    this.user = user;
    this.emit("user", user);
  }
  #report() {
    const { isIdle, idle } = this.monitor;
    for (const link of this.links) unawaited(link.request("state", { state: isIdle ? "away" : "online", idle }));
  }
  /** Where to say what is to hold. @internal */
  get links() {
    return this.#connection.links;
  }
  /** All is over: promises, rooms and listeners are told. @internal @param {RollcallError} error */
  end(error) {
    this.error = error;
    this.#logins.settle(error);
    this.#choice.end(error);
    this.#rooms.each((room) => room.end(error));
    this.#follows.end(error);
    if (error.code !== "closed" && error.code !== "logged_out") this.fail(error);
  }
  /** Nothing is lost without a word: what no listener hears stands in the console. @internal @param {RollcallError} error */
  fail(error) {
    this.emit("error", error) || console.warn(error);
  }
};
