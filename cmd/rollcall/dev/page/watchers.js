/** @import { NodeSight } from './api.js' */
/** @import { Rollcall } from '../../../../client-js/src/rollcall.js' */
/** @import { Room } from '../../../../client-js/src/room.js' */

/**
 * Watcher looks at a room on one node, and on no other, as nobody. It tells what that node tells
 * while the connection lasts; when that breaks it forgets all, and begins anew.
 */
class Watcher {
  #told
  #over = false
  /** @type {Rollcall} */
  client
  /** @type {Room} */
  room

  /** @param {string} node @param {string} url @param {string} channel @param {(node: string, what?: Told) => void} told */
  constructor(node, url, channel, told) {
    this.node = node
    this.#told = told
    ;[this.client, this.room] = this.#look(url, channel)
  }

  /** @param {string} url @param {string} channel @returns {[Rollcall, Room]} */
  #look(url, channel) {
    const client = new globalThis.Rollcall(url, { storage: null, reconnect: { min: 300, max: 2_000 }, inferAfter: Infinity })
    client.on('error', () => {}) // that a node is away is no error here
    const room = client.watch(channel)
    room.on('join', (/** @type {Member} */ member) => this.#told(this.node, { action: 'join', user: member.user }))
    room.on('leave', (/** @type {Member} */ member, /** @type {string} */ reason) => this.#told(this.node, { action: 'leave', user: member.user, reason }))
    room.on('stale', () => this.#again(url, channel))
    room.on('change', () => this.#told(this.node))
    return [client, room]
  }

  /** @param {string} url @param {string} channel */
  #again(url, channel) {
    const { client } = this
    queueMicrotask(() => {
      client.close()
      if (!this.#over) [this.client, this.room] = this.#look(url, channel)
      this.#told(this.node)
    })
  }

  close() {
    this.#over = true
    this.client.close()
  }
}

/** @typedef {{ user: string, since: number, status?: string, lastActivity?: number }} Member */
/** @typedef {{ action: 'join' | 'leave', user: string, reason?: string }} Told */

/** Watchers are one on each node, of one room. */
export class Watchers {
  #told
  #channel = ''
  /** @type {Map<string, Watcher>} */
  #all = new Map()

  /** @param {(node: string, what?: Told) => void} told something is new on a node: what, if somebody came or left */
  constructor(told) {
    this.#told = told
  }

  /** Watches a room on all nodes that are not killed. @param {string} channel @param {NodeSight[]} nodes */
  look(channel, nodes) {
    if (channel !== this.#channel) this.#close([...this.#all.keys()])
    this.#channel = channel
    this.#close(nodes.filter(({ state }) => state === 'killed').map(({ name }) => name))
    for (const { name, url, state } of nodes) {
      if (state !== 'killed' && !this.#all.has(name)) this.#all.set(name, new Watcher(name, url, channel, this.#told))
    }
  }

  /** @param {string[]} names */
  #close(names) {
    for (const name of names) {
      this.#all.get(name)?.close()
      this.#all.delete(name)
    }
  }

  /** The room as a node shows it; undefined: it shows nothing. @param {string} name @returns {any} */
  room(name) {
    const room = this.#all.get(name)?.room
    return room?.state === 'live' ? room : undefined
  }
}
