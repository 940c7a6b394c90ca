/**
 * A world for tests: time that only moves when told, and nodes that only say what they are told to.
 */
import { Rollcall } from '../src/rollcall.js'

/** Lets promises settle. */
export const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

export class FakeClock {
  at = 1_000
  offset = 1_760_000_000_000 // of wall
  chance = 1 // what random returns; just below 1 it is the longest wait
  #timers = new Map()
  #last = 0

  wall = () => this.at + this.offset
  mono = () => this.at
  random = () => this.chance
  setTimeout = (run, ms) => {
    this.#timers.set(++this.#last, { at: this.at + ms, run })
    return this.#last
  }
  clearTimeout = (timer) => void this.#timers.delete(timer)

  /** Moves on, running each timer at its time. */
  async pass(ms) {
    const end = this.at + ms
    for (;;) {
      await settle()
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]
      if (!due) break
      this.#timers.delete(due[0])
      this.at = Math.max(this.at, due[1].at)
      due[1].run()
    }
    this.at = end
    await settle()
  }

  /** Moves on without running any timer, as while a laptop sleeps or a tab is throttled; they run late. */
  async sleep(ms) {
    this.at += ms
    await this.pass(0)
  }
}

/** Everything that is at hand in one test. */
export class World {
  clock = new FakeClock()
  sockets = [] // in order of opening
  stored = new Map()
  storage = {
    getItem: (key) => this.stored.get(key) ?? null,
    setItem: (key, value) => void this.stored.set(key, value),
  }
  auto = true // nodes open and welcome by themselves
  WebSocket

  constructor() {
    const world = this
    this.WebSocket = class FakeSocket {
      readyState = 0
      sent = []
      constructor(url, protocol) {
        this.url = url
        this.protocol = protocol
        world.sockets.push(this)
        if (world.auto) queueMicrotask(() => this.welcome())
      }
      open() {
        this.readyState = 1
        this.onopen?.()
      }
      welcome(more) {
        this.open()
        const number = world.sockets.indexOf(this) + 1
        this.say({
          type: 'welcome', id: this.find('hello')?.id, session: `s${number}`, user: 'alice', node: `n${number}`,
          time: world.clock.wall() + 5_000, interval: 10_000, timeout: 13_000, expires: null, status: 'online', ...more,
        })
      }
      send(frame) {
        const message = JSON.parse(frame)
        this.sent.push(message)
        if (message.type === 'time' && world.auto) queueMicrotask(() => this.say({ type: 'time', id: message.id, time: world.clock.wall() + 5_000 }))
      }
      say(...messages) {
        this.onmessage?.({ data: messages.map((m) => JSON.stringify(m)).join('\n') })
      }
      /** The last request of that type. */
      find(type) {
        return this.sent.findLast((message) => message.type === type)
      }
      answer(type, message) {
        this.say({ id: this.find(type).id, ...message })
      }
      roster(channel, version, users, more = {}) {
        const members = users.map((user) => (typeof user === 'string' ? { user, since: 1 } : user))
        this.say({ type: 'roster', channel, version, count: members.length, members, more: false, ...more })
      }
      drop(code = 1006, reason = '') {
        this.readyState = 3
        this.onclose?.({ code, reason })
      }
      close() {
        this.closed = true
        this.readyState = 3
      }
    }
  }

  client(options = {}) {
    const client = new Rollcall(options.url ?? 'ws://a/v1/connect', {
      token: token('alice'), WebSocket: this.WebSocket, storage: this.storage, clock: this.clock, ...options,
    })
    client.states = [client.state]
    client.errors = []
    client.on('state', (state) => client.states.push(state))
    client.on('error', (error) => client.errors.push(error.code))
    return client
  }

  get socket() {
    return this.sockets.at(-1)
  }
}

/** A token that nobody verifies. */
export function token(username, more = {}) {
  return `x.${Buffer.from(JSON.stringify({ username, ...more })).toString('base64url')}.x`
}

/** Writes down what a room tells. */
export function diary(room) {
  const lines = []
  room.on('join', (m) => lines.push(`join ${m.user}`))
  room.on('update', (m, old) => lines.push(`update ${m.user} ${old.status ?? 'online'}→${m.status ?? 'online'}`))
  room.on('leave', (m, reason) => lines.push(`leave ${m.user} ${reason}`))
  room.on('sync', (members) => lines.push(`sync ${members.size}`))
  room.on('stale', () => lines.push('stale'))
  room.on('end', (error) => lines.push(`end ${error.code}`))
  return lines
}
