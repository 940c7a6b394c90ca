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

// src/react.js
var react_exports = {};
__export(react_exports, {
  RollcallProvider: () => RollcallProvider,
  useRollcall: () => useRollcall,
  useRoom: () => useRoom,
  useUser: () => useUser
});
module.exports = __toCommonJS(react_exports);
var import_react = require("react");

// src/roster.js
var nobody = { version: 0, count: 0, partial: false, complete: true, members: /* @__PURE__ */ new Map() };

// src/hold.js
var { members, count, partial, complete } = nobody;
var noRoom = { room: null, members, count, partial, complete, state: "joining", stale: true, error: null };
var Hold = class {
  /** @type {Set<() => void>} */
  #listeners = /* @__PURE__ */ new Set();
  held = false;
  take() {
  }
  release() {
  }
  subscribe = (listener) => {
    const one = () => listener();
    this.#listeners.add(one);
    if (!this.held) {
      this.held = true;
      this.take();
    }
    return () => {
      this.#listeners.delete(one);
      setTimeout(() => {
        if (this.#listeners.size > 0 || !this.held) return;
        this.held = false;
        this.release();
      });
    };
  };
  changed() {
    for (const listener of [...this.#listeners]) listener();
  }
};
var holders = /* @__PURE__ */ new WeakMap();
var RoomHold = class extends Hold {
  #rollcall;
  #channel;
  #watch;
  #mode;
  #data = (
    /** @type {Record<string, any> | undefined} */
    void 0
  );
  /** @type {Room | null} */
  #room = null;
  #view = noRoom;
  #unlisten = () => {
  };
  #unwatch = () => {
  };
  /** @param {Rollcall} rollcall @param {string} channel @param {boolean} watch @param {'members' | 'count'} mode */
  constructor(rollcall, channel, watch, mode) {
    super();
    this.#rollcall = rollcall;
    this.#channel = channel;
    this.#watch = watch;
    this.#mode = mode;
  }
  view = () => this.#view;
  /** @param {string | undefined} said data in JSON */
  say(said) {
    if (said === void 0) return;
    this.#data = JSON.parse(said);
    const room = this.#room;
    if (room?.joined && room.state !== "ended" && JSON.stringify(room.data) !== said) room.update(JSON.parse(said));
  }
  take() {
    queueMicrotask(() => this.held && !this.#room && this.#open());
    this.#unwatch = this.#rollcall.on("user", (user) => {
      if (user !== null && this.#room?.state === "ended") this.#reopen();
    });
  }
  release() {
    this.#unwatch();
    const room = this.#close();
    const others = room && holders.get(room);
    if (!others || room.state === "ended") return;
    const members2 = [...others].filter((hold) => !hold.#watch);
    if (members2.length > 0 || this.#watch && others.size > 0) return;
    room.leave();
    for (const hold of [...others]) hold.#reopen();
  }
  #open() {
    if (this.#rollcall.error?.code === "closed") return;
    const ours = this.#rollcall.room(this.#channel) === void 0;
    const mode = this.#mode;
    const room = this.#watch ? this.#rollcall.watch(this.#channel, { mode }) : this.#rollcall.join(this.#channel, { data: this.#data, mode });
    if (ours) holders.set(room, /* @__PURE__ */ new Set());
    holders.get(room)?.add(this);
    this.#room = room;
    this.#unlisten = room.on("change", () => this.#look());
    this.#look();
  }
  #close() {
    const room = this.#room;
    this.#unlisten();
    if (room) holders.get(room)?.delete(this);
    this.#room = null;
    this.#view = noRoom;
    return room;
  }
  #reopen() {
    this.#close();
    this.#open();
  }
  #look() {
    if (this.#room === null) return;
    const { members: members2, count: count2, partial: partial2, complete: complete2, state, stale, error } = this.#room;
    this.#view = { room: this.#room, members: members2, count: count2, partial: partial2, complete: complete2, state, stale, error };
    this.changed();
  }
};
var UserHold = class extends Hold {
  #rollcall;
  #user;
  #ours = false;
  // not followed by the application itself
  /** @type {Followed | null} */
  #followed = null;
  #unlisten = () => {
  };
  /** @param {Rollcall} rollcall @param {string} user */
  constructor(rollcall, user) {
    super();
    this.#rollcall = rollcall;
    this.#user = user;
  }
  /** @returns {UserStatus | null} */
  view = () => this.#followed?.snapshot ?? null;
  take() {
    if (this.#rollcall.error?.code === "closed") return;
    this.#ours = this.#rollcall.followed(this.#user) === void 0;
    this.#followed = this.#rollcall.follow(this.#user);
    this.#unlisten = this.#followed.on("change", () => this.changed());
    this.changed();
  }
  release() {
    this.#unlisten();
    if (this.#ours) this.#followed?.unfollow();
    this.#followed = null;
  }
};
var most = 100;
var shared = /* @__PURE__ */ new WeakMap();
function share(rollcall, name, make) {
  const all = shared.get(rollcall) ?? /* @__PURE__ */ new Map();
  shared.set(rollcall, all);
  if (!all.has(name)) {
    if (all.size >= most) {
      for (const [other, hold] of all) if (!hold.held) all.delete(other);
    }
    all.set(name, make());
  }
  return all.get(name);
}
function holdRoom(rollcall, channel, watch, mode) {
  if (channel === null) return null;
  return share(rollcall, `${watch ? "watch" : "join"} ${mode} ${channel}`, () => new RoomHold(rollcall, channel, watch, mode));
}
function holdUser(rollcall, user) {
  return user === null ? null : share(rollcall, `user ${user}`, () => new UserHold(rollcall, user));
}

// src/react.js
var Client = (0, import_react.createContext)(
  /** @type {Rollcall | null} */
  null
);
function RollcallProvider({ client, children }) {
  return (0, import_react.createElement)(Client.Provider, { value: client }, children);
}
function useRollcall(given) {
  const provided = (0, import_react.useContext)(Client);
  const client = given ?? provided;
  if (client === null) throw new Error("useRollcall: there is no RollcallProvider around this component");
  return client;
}
function useRoom(channel, { data, watch = false, mode = "members", client } = {}) {
  const rollcall = useRollcall(client);
  const hold = (0, import_react.useMemo)(() => holdRoom(rollcall, channel, watch, mode), [rollcall, channel, watch, mode]);
  const said = data && JSON.stringify(data);
  (0, import_react.useEffect)(() => hold?.say(said), [hold, said]);
  return (0, import_react.useSyncExternalStore)(hold?.subscribe ?? toNothing, hold?.view ?? viewOfNothing, viewOfNothing);
}
function useUser(user, { client } = {}) {
  const rollcall = useRollcall(client);
  const hold = (0, import_react.useMemo)(() => holdUser(rollcall, user), [rollcall, user]);
  return (0, import_react.useSyncExternalStore)(hold?.subscribe ?? toNothing, hold?.view ?? nobodyKnown, nobodyKnown);
}
var toNothing = () => () => {
};
var viewOfNothing = () => noRoom;
var nobodyKnown = () => null;
