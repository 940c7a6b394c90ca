/** What one test has to itself: a room, tabs in a browser without any other's storage, and who watches the room. */
import { createServer, connect } from 'node:net'
import WebSocket from 'ws'
import { Rollcall } from '../../src/index.js'
import { sign } from './cluster.js'

/** How long anything may take, milliseconds. Only what hangs takes that long. */
const deadline = 60_000

let scenes = 0

export class Scene {
  number = ++scenes
  room = `room.${this.number}`
  #ends = []

  constructor(cluster, test) {
    this.cluster = cluster
    test.after(async () => {
      for (const end of this.#ends.reverse()) await end()
    })
  }

  get context() {
    return (this.opened ??= this.#open())
  }

  async #open() {
    const context = await this.cluster.browser.newContext()
    context.setDefaultTimeout(deadline)
    this.#ends.push(() => context.close())
    return context
  }

  /** What a user is called here, for no two tests share one. Whoever reads names leaves the number away. */
  name(user) {
    return user + this.number
  }

  /** The address of a page in which a user enters the room. */
  address(user, { path = '/module', nodes = this.cluster.nodes, ttl = 3600 } = {}) {
    const query = new URLSearchParams({ user: this.name(user), room: this.room, ttl })
    for (const { url } of nodes) query.append('node', url)
    return `${this.cluster.pages}${path}?${query}`
  }

  /** A tab in which a user is in the room. */
  async tab(user, { page, ...options } = {}) {
    page ??= await (await this.context).newPage()
    await page.goto(this.address(user, options))
    await online(page)
    return page
  }

  /** Bob, who is in the room on the second node, and has seen nothing yet. */
  async bob() {
    const watcher = new Watcher(this.cluster.nodes[1].url, this.room, this.name('bob'))
    this.#ends.push(() => watcher.client.close())
    await watcher.room.ready
    return watcher
  }

  /** A way to a node that can be cut: then nothing comes through, and nothing ends. */
  async wire(node) {
    const sockets = new Set()
    let cut = false
    const server = createServer((near) => {
      const far = connect(Number(new URL(node.http).port), '127.0.0.1')
      for (const [one, other] of [[near, far], [far, near]]) {
        sockets.add(one)
        one.on('error', () => {}).on('close', () => other.destroy()).pipe(other)
        if (cut) one.pause()
      }
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#ends.push(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    return {
      url: node.url.replace(/:\d+/, `:${server.address().port}`),
      set cut(now) {
        cut = now
        for (const socket of sockets) now ? socket.pause() : socket.resume()
      },
    }
  }
}

class Watcher {
  log = []
  #look = () => {}

  constructor(url, room, user) {
    this.client = new Rollcall(url, { token: () => sign(user), WebSocket, storage: null })
    this.room = this.client.join(room)
    this.room.on('join', ({ user }) => this.#note(`join ${user}`))
    this.room.on('update', ({ user, status = 'online' }) => this.#note(`update ${user} ${status}`))
    this.room.on('leave', ({ user }, reason) => this.#note(`leave ${user} ${reason}`))
  }

  #note(line) {
    this.log.push(plain(line))
    this.#look()
  }

  /** Waits until that was seen, and forgets all until then. */
  async sees(line) {
    const all = this.log.join(', ')
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`did not see ${line}, but ${all}, ${this.log.join(', ')}`)), deadline)
      this.#look = () => {
        if (!this.log.includes(line)) return
        clearTimeout(timer)
        this.#look = () => {}
        resolve()
      }
      this.#look()
    })
    this.log.splice(0, this.log.indexOf(line) + 1)
  }

  /**
   * Does something that must be over within what nodes bear, and returns what was seen of it then and for some time after;
   * it is done again where this machine was too slow for it.
   */
  async seesOf(run, bears, after) {
    for (;;) {
      this.log.length = 0
      const began = performance.now()
      await run()
      const took = performance.now() - began
      await pause(after)
      if (took < bears) return [...this.log]
    }
  }
}

/** A text without the numbers of names. */
export const plain = (text) => text.replace(/\d+/g, '')

/** For what shows itself by not happening. */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until something holds in a page. The page is asked from here, for its own timers may be throttled. */
export async function holds(page, what, argument) {
  const end = performance.now() + deadline
  const asked = () => page.evaluate(what, argument).catch(() => false) // while the page is replaced
  while (!(await asked())) {
    if (performance.now() > end) throw new Error(`does not come to hold: ${what}, ${argument}; log: ${await page.evaluate(() => globalThis.log)}`)
    await pause(50)
  }
}

/** Waits until a page is in its room. */
export const online = (page) => holds(page, () => globalThis.rollcall?.state === 'online' && globalThis.room.state === 'live')

/** What happened in the room of a page, less what is named. */
export async function told(page, ...less) {
  const log = await page.evaluate(() => globalThis.log)
  return log.map(plain).filter((line) => !less.includes(line.split(' ')[0]))
}

/** Waits until a page has told that. */
export const tells = (page, line) => holds(page, (line) => globalThis.log.some((one) => one.replace(/\d+/g, '') === line), line)
