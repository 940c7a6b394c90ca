import { token } from './api.js'

/** @import { NodeSight } from './api.js' */

/** Where the seats are kept over a reload of this tab. */
const shelf = 'rollcall-dev:seats'

/**
 * Seat is somebody whom this page makes be there: one client of Rollcall, with storage of its own.
 * It starts on the node that was chosen, and moves on by itself if that one fails it.
 *
 * @typedef {{ id: string, user: string, node: string, room: string }} SeatInfo
 */
export class Seat {
  #told
  #lostAt = 0
  /** @type {WebSocket | null} */
  #socket = null

  /** @param {SeatInfo} info @param {NodeSight[]} nodes @param {(seat: Seat, note?: string) => void} told */
  constructor(info, nodes, told) {
    this.info = info
    this.#told = told
    const first = Math.max(0, nodes.findIndex(({ name }) => name === info.node))
    const urls = [...nodes.slice(first), ...nodes.slice(0, first)].map(({ url }) => url)
    const seat = this
    const own = (/** @type {string} */ key) => `rollcall-dev:${info.id}:${key}`
    this.client = new globalThis.Rollcall(urls, {
      token: () => token(info.user),
      reconnect: { min: 300, max: 3_000 },
      WebSocket: class extends WebSocket {
        constructor(/** @type {string} */ url, /** @type {string} */ protocol) {
          super(url, protocol)
          seat.#socket = this
        }
      },
      storage: {
        getItem: (/** @type {string} */ key) => sessionStorage.getItem(own(key)),
        setItem: (/** @type {string} */ key, /** @type {string} */ value) => sessionStorage.setItem(own(key), value),
      },
    })
    this.client.on('state', (/** @type {string} */ state) => this.#state(state))
    this.client.on('status', () => told(this))
    this.client.on('error', (/** @type {Error} */ error) => told(this, `: ${error.message}`))
    this.client.monitor.start({ threshold: 60_000 })
    this.room = this.client.join(info.room)
    this.room.on('change', () => told(this))
    this.room.on('error', (/** @type {Error} */ error) => told(this, `: ${error.message}`))
  }

  /** The node it is on; null: none just now. @returns {string | null} */
  get node() {
    return this.client.state === 'online' ? this.client.node : null
  }

  #state(/** @type {string} */ state) {
    const now = performance.now()
    if (state === 'online') {
      const took = this.#lostAt && ((now - this.#lostAt) / 1000).toFixed(1)
      this.#told(this, took ? `is back on ${this.client.node} after ${took} s` : `sits down on ${this.client.node}`)
      this.#lostAt = 0
    } else {
      const first = !this.#lostAt && this.client.node
      if (first) this.#lostAt = now
      this.#told(this, first ? `lost the connection to ${this.client.node}` : undefined)
    }
  }

  /** Breaks the connection, as a bad network would. The client comes back. */
  drop() {
    this.#socket?.close()
  }

  /** Leaves, with a goodbye. */
  leave() {
    this.client.close()
  }
}

/** Seats are all of this tab. */
export class Seats {
  #told
  /** @type {Seat[]} */
  all = []

  /** @param {(seat: Seat, note?: string) => void} told what is new of a seat, and what to note of it */
  constructor(told) {
    this.#told = told
  }

  /** The seats of this tab before it was reloaded. @returns {SeatInfo[]} */
  static kept() {
    try {
      return JSON.parse(sessionStorage.getItem(shelf) ?? '[]')
    } catch {
      return []
    }
  }

  /** @param {SeatInfo} info @param {NodeSight[]} nodes */
  take(info, nodes) {
    this.all.push(new Seat(info, nodes, this.#told))
    this.#keep()
  }

  /** @param {Seat} seat */
  leave(seat) {
    seat.leave()
    this.all = this.all.filter((other) => other !== seat)
    this.#keep()
    this.#told(seat, 'gets up')
  }

  #keep() {
    sessionStorage.setItem(shelf, JSON.stringify(this.all.map(({ info }) => info)))
  }
}
