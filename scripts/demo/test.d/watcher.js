/** Somebody who looks on, and counts: it speaks the wire protocol by itself, and shares no code with the client. */
import { createRequire } from 'node:module'

const WebSocket = createRequire(new URL('../../../client-js/package.json', import.meta.url))('ws')

/** Watcher follows a channel through the load balancer, over whatever node it is sent to. */
export class Watcher {
  /** What it was told, or saw to differ after it had to reconnect: `join ada`, `leave ada closed`, `gap`. @type {string[]} */
  events = []
  /** @type {Set<string> | null} who is here; null: not told yet */
  members = null
  /** The node it is told by; null: none just now. @type {string | null} */
  node = null
  moves = 0
  #socket = null
  #over = false

  constructor(url, channel, token) {
    Object.assign(this, { url, channel, token })
    this.#connect()
  }

  close() {
    this.#over = true
    this.#socket?.terminate()
  }

  /** Connects, and lets go of the connection before once this one tells of the channel. */
  async #connect() {
    if (this.#over) return
    const token = await this.token().catch(() => null)
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/v1/connect`, 'rollcall.v1', { handshakeTimeout: 5_000 })
    const link = { socket, node: null, version: 0, parts: [] }
    const say = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message))
    socket.on('open', () => say({ type: 'hello', token }))
    socket.on('message', (text) => {
      for (const line of String(text).split('\n')) this.#hear(JSON.parse(line), link, say)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (this.#socket && this.#socket !== socket) return // it was let go of, or another one serves
      this.#socket = this.node = null
      setTimeout(() => this.#connect(), 200)
    })
  }

  #hear(message, link, say) {
    const { type } = message
    if (type === 'ping') say({ type: 'pong' })
    if (type === 'welcome') {
      link.node = message.node
      say({ type: 'watch', channel: this.channel })
    }
    if (type === 'drain') setTimeout(() => this.#connect(), message.delay)
    if (type === 'roster') this.#roster(message, link)
    if (type === 'diff' && link.socket === this.#socket) this.#diff(message, link)
    if (type === 'error' || type === 'ended') this.events.push(`${type} ${message.code}`)
  }

  #roster({ version, members, more, complete }, link) {
    link.parts.push(...members.map(({ user }) => user))
    if (more) return
    const now = new Set(link.parts.splice(0))
    const before = this.members
    if (before && complete !== false) {
      for (const user of now.difference?.(before) ?? [...now].filter((user) => !before.has(user))) this.events.push(`join ${user} (roster)`)
      for (const user of [...before].filter((user) => !now.has(user))) this.events.push(`leave ${user} (roster)`)
    }
    this.members = now
    link.version = version
    const old = this.#socket
    this.#socket = link.socket
    this.node = link.node
    if (old && old !== link.socket) {
      this.moves++
      old.close()
    }
  }

  #diff({ version, join = [], leave = [] }, link) {
    if (version !== link.version + 1) this.events.push(`gap ${link.version} to ${version}`)
    link.version = version
    for (const { user } of join) {
      this.members.add(user)
      this.events.push(`join ${user}`)
    }
    for (const { user, reason } of leave) {
      this.members.delete(user)
      this.events.push(`leave ${user} ${reason}`)
    }
  }
}
