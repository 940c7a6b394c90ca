/** What the tests of ../../MIGRATION.md act on: two real nodes, which the tests of one file share, and clients of them. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import WebSocket from 'ws'
import { Rollcall } from '../../src/index.js'
import { Nodes, sign } from './nodes.js'

const page = readFileSync(new URL('../../MIGRATION.md', import.meta.url), 'utf8')

/** The page's blocks of JavaScript of this kind. */
export const samples = (kind) => [...page.matchAll(new RegExp('```js ' + kind + '\n(.*?)```', 'gs'))].map(([, code]) => code)

/** The nodes, from when the tests begin. */
export let one, two

let number = 0
let clients = [] // of the test that runs
let streams = []

/** Starts the nodes for the tests of the suite it is called in. */
export function withNodes() {
  let cluster
  before(async () => {
    globalThis.WebSocket = WebSocket // as browsers have it
    cluster = await Nodes.start(2, ['--interval=2s', '--timeout=10s', '--grace=500ms', '--allow-anonymous', '--log-level=debug'])
    ;[one, two] = cluster.nodes
  })
  after(() => cluster?.stop())
}

/** Tests share the nodes, so each has users and channels of its own: what it names, it names through `name`. */
export function check(title, run) {
  test(title, async () => {
    const suffix = `.${++number}`
    clients = []
    streams = []
    try {
      await run((name) => name + suffix)
    } finally {
      for (const client of clients) client.close()
      for (const stream of streams) stream.abort()
    }
  })
}

/** Has a client closed at the end of the test. */
export function closing(client) {
  clients.push(client)
  return client
}

/** Fetches what ends with the test at the latest: a stream. */
export function streaming(url) {
  const abort = new AbortController()
  streams.push(abort)
  return fetch(url, { signal: abort.signal })
}

/** A client that is connected; `claims` null: as nobody. */
export async function connect(claims, { node = one, ...options } = {}) {
  const token = claims && sign(typeof claims === 'string' ? { username: claims } : claims)
  const client = closing(new Rollcall(node.url, { WebSocket, storage: null, token, ...options }))
  client.on('error', () => {}) // told by promises, too
  await becomes(client, 'state', () => client.state === 'online')
  return client
}

/** Waits until something holds, which it may from the start, and else is told of by an event. */
export async function becomes(emitter, event, holds) {
  if (!holds()) await new Promise((resolve) => {
    const stop = emitter.on(event, () => holds() && (stop(), resolve()))
  })
}

/** What a room tells, as `action user`; `tells` waits for a line. */
export function diary(room) {
  const lines = []
  room.on('join', ({ user }) => lines.push(`join ${user}`))
  room.on('update', ({ user }) => lines.push(`update ${user}`))
  room.on('leave', ({ user }, reason) => lines.push(`leave ${user} ${reason}`))
  return { lines, tells: (line) => becomes(room, 'change', () => lines.includes(line)) }
}

/** A connection without a client: `say` sends a request and returns the next answer. */
export async function wire(claims) {
  const socket = new WebSocket(one.url)
  await once(socket, 'open')
  const say = async (message) => {
    const answer = once(socket, 'message')
    socket.send(JSON.stringify(message))
    return JSON.parse(String((await answer)[0]).split('\n')[0])
  }
  const { session } = await say({ type: 'hello', id: 1, token: sign(claims) })
  return { socket, say, session }
}

export const get = async (path, node = one) => (await fetch(node.admin + path)).json()

/** Asks until the answer fits: what was asked of another node may be on its way. */
export async function ask(path, fits, node) {
  for (;;) {
    const answer = await get(path, node)
    if (fits(answer)) return answer
  }
}

/** The events of a node after its sync, with the reader of the page's first sample. */
export async function listen(types, node = one) {
  const [code] = samples('events')
  const reader = new Function('fetch', `${code.split('\n\n')[0]}\nreturn events`)(streaming)
  const events = reader(node.admin, types)
  const { value: sync } = await events.next()
  return {
    sync,
    /** The next so many events of which `ours` is true: other tests may have left something to tell. */
    async take(count, ours) {
      const taken = []
      while (taken.length < count) {
        const { value } = await events.next()
        if (ours(value)) taken.push(value)
      }
      return taken
    },
  }
}
