/** What ../../MIGRATION.md promises, tried on real nodes. Titles begin with the features that a test tries. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import WebSocket from 'ws'
import { Rollcall } from '../../src/index.js'
import { Nodes, sign } from './nodes.js'

const page = readFileSync(new URL('../../MIGRATION.md', import.meta.url), 'utf8')
const samples = (kind) => [...page.matchAll(new RegExp('```js ' + kind + '\n(.*?)```', 'gs'))].map(([, code]) => code)

describe('MIGRATION.md', { timeout: 180_000 }, () => {
  let cluster, one, two, clients, streams
  let number = 0

  before(async () => {
    globalThis.WebSocket = WebSocket // as browsers have it
    cluster = await Nodes.start(2, ['--interval=2s', '--timeout=10s', '--grace=500ms', '--allow-anonymous', '--log-level=debug'])
    ;[one, two] = cluster.nodes
  })
  after(() => cluster?.stop())

  /** Tests share the nodes, so each has users and channels of its own: what it names, it names through `name`. */
  function check(title, run) {
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

  /** A client that is connected; `claims` null: as nobody. */
  async function connect(claims, { node = one, ...options } = {}) {
    const token = claims && sign(typeof claims === 'string' ? { username: claims } : claims)
    const client = new Rollcall(node.url, { WebSocket, storage: null, token, ...options })
    clients.push(client)
    client.on('error', () => {}) // told by promises, too
    await becomes(client, 'state', () => client.state === 'online')
    return client
  }

  /** Waits until something holds, which it may from the start, and else is told of by an event. */
  async function becomes(emitter, event, holds) {
    if (!holds()) await new Promise((resolve) => {
      const stop = emitter.on(event, () => holds() && (stop(), resolve()))
    })
  }

  /** What a room tells, as `action user`; `tells` waits for a line. */
  function diary(room) {
    const lines = []
    room.on('join', ({ user }) => lines.push(`join ${user}`))
    room.on('update', ({ user }) => lines.push(`update ${user}`))
    room.on('leave', ({ user }, reason) => lines.push(`leave ${user} ${reason}`))
    return { lines, tells: (line) => becomes(room, 'change', () => lines.includes(line)) }
  }

  /** A connection without a client: `say` sends a request and returns the next answer. */
  async function wire(claims) {
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

  const get = async (path, node = one) => (await fetch(node.admin + path)).json()

  /** Asks until the answer fits: what was asked of another node may be on its way. */
  async function ask(path, fits, node) {
    for (;;) {
      const answer = await get(path, node)
      if (fits(answer)) return answer
    }
  }

  /** The events of a node after its sync, with the reader of the page's first sample. */
  async function listen(types, node = one) {
    const abort = new AbortController()
    streams.push(abort)
    const [code] = samples('events')
    const reader = new Function('fetch', `${code.split('\n\n')[0]}\nreturn events`)((url) => fetch(url, { signal: abort.signal }))
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

  /** Runs a client's sample as it stands, but for address and package; `lines` is what it prints. */
  async function runSample(code, user) {
    const file = new URL(`./sample-${user}.mjs`, import.meta.url)
    const lines = []
    globalThis.sample = {
      console: { log: (...words) => lines.push(words.map(String).join(' ')) },
      fetch: async () => new Response(sign({ username: user })),
    }
    const text = code.replace("'rollcall-client'", "'../../src/index.js'").replace('wss://chat.example/v1/connect', one.url)
    try {
      writeFileSync(file, `const { console, fetch } = globalThis.sample\n${text}\nexport { rollcall }`)
      const { rollcall } = await import(file)
      clients.push(rollcall)
      await becomes(rollcall, 'state', () => rollcall.state === 'online')
      return { rollcall, lines }
    } finally {
      rmSync(file)
    }
  }

  check('the sample of sc-stateless-presence runs', async (name) => {
    const bob = await connect('bob')
    await bob.join('sample').ready
    const { rollcall, lines } = await runSample(samples('run')[0], name('alice'))
    const room = rollcall.room('sample')
    assert.deepEqual(lines.slice(0, 2).sort(), [`join ${name('alice')}`, 'join bob'])
    assert.deepEqual(lines[2].split(/[ ,]/).sort(), [name('alice'), 'bob', 'true'])
    bob.close()
    await becomes(room, 'change', () => lines.at(-1) === 'leave bob')
  })

  check('the sample of faye-presence runs', async (name) => {
    const { rollcall, lines } = await runSample(samples('run')[1], name('alice'))
    const room = rollcall.room('room')
    await room.ready
    assert.deepEqual([lines, room.members.get(rollcall.user).data], [['[object Map]'], { name: 'Alice' }])
    const bob = await connect('bob')
    bob.join('room', { data: {} })
    await becomes(room, 'change', () => lines.at(-1) === 'subscribe bob [object Object]')
    bob.close()
    await becomes(room, 'change', () => lines.at(-1) === 'unsubscribe bob left')
  })

  check('the sample of konecty:user-presence runs', async (name) => {
    const { rollcall, lines } = await runSample(samples('run')[2], name('alice'))
    const bob = rollcall.followed('bob')
    await becomes(bob, 'change', () => lines.at(-1) === 'bob is offline')
    await connect('bob')
    await becomes(bob, 'change', () => lines.at(-1) === 'bob is online')
    const { chosen, text } = await ask(`/v1/users/${rollcall.user}`, ({ chosen }) => chosen === 'busy')
    assert.deepEqual([chosen, text, rollcall.monitor.isMonitoring], ['busy', 'in a meeting', true])
  })

  check('the sample of user-status runs', async (name) => {
    const { rollcall, lines } = await runSample(samples('run')[3], name('alice'))
    rollcall.setAway()
    rollcall.monitor.ping()
    assert.deepEqual(lines, ['true', 'false'])
  })

  /** Runs what a server does, with the reader of events before it, until it has given out what fits. */
  async function runServer(code, out, act, fits) {
    const abort = new AbortController()
    streams.push(abort)
    const reads = (url) => fetch(url.replace('http://127.0.0.1:9090', one.admin), { signal: abort.signal })
    let done
    const enough = new Promise((resolve) => (done = resolve))
    const tell = (...words) => fits(words) && done()
    new Function('fetch', out, `return (async () => {${code}})()`)(reads, out === 'save' ? tell : { log: tell }).catch(() => {})
    await act()
    await enough
  }

  check('the sample of events in a server runs', async (name) => {
    await connect(name('alice'))
    const told = []
    await runServer(samples('events')[0], 'save', () => connect(name('bob')), (words) => {
      told.push(words.join(' '))
      return ['alice', 'bob'].every((user) => told.includes(`${name(user)} online`))
    })
  })

  check('the sample of connections in a server runs', async (name) => {
    const [events] = samples('events')[0].split('\n\n')
    await runServer(`${events}\n${samples('server')[0]}`, 'console', () => connect(name('alice')), ([user, session, address, , since]) =>
      user === name('alice') && session && address === '127.0.0.1' && since > 0)
  })

  check('K1 K5 P1: servers see what was chosen and the connection, others the status, and who hides knows it', async (name) => {
    const [alice, bob] = [await connect(name('alice')), await connect(name('bob'), { node: two })]
    const seen = bob.follow(alice.user)
    for (const [chosen, status] of [['busy', 'busy'], ['offline', 'offline'], ['online', 'online']]) {
      await alice.setStatus(chosen)
      await becomes(seen, 'change', () => seen.status === status)
      const told = await ask(`/v1/users/${alice.user}`, (user) => user.chosen === chosen, two)
      assert.deepEqual([told.status, told.connection, alice.status, alice.state], [status, 'online', chosen, 'online'])
      assert.equal('chosen' in seen.snapshot, false)
    }
    const [found, unknown] = (await (await fetch(`${two.admin}/v1/users/query`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ users: [alice.user, name('nobody')] }),
    })).json()).users
    assert.deepEqual([found.status, unknown.status], ['online', 'offline'])
  })

  check('K4: what is no status is refused', async (name) => {
    const alice = await connect(name('alice'))
    await assert.rejects(alice.setStatus('invisible'), { code: 'bad_request' })
    assert.equal(alice.status, 'online')
  })

  check('K6: a choice survives the last session in the browser, and comes to a new one by the token', async (name) => {
    const kept = new Map()
    const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) }
    const alice = await connect(name('alice'), { storage })
    await alice.setStatus('busy')
    alice.close()
    await ask(`/v1/users/${name('alice')}`, ({ sessions }) => sessions.length === 0)
    const back = await connect(name('alice'), { storage })
    assert.equal(back.status, 'busy')
    await ask(`/v1/users/${name('alice')}`, ({ chosen }) => chosen === 'busy', two)
    assert.equal((await connect(name('alice'), { node: two })).status, 'busy')
    assert.equal((await connect({ username: name('bob'), status: 'away' })).status, 'away')
  })

  check('K7 C13 F7: who leaves is told at once, who closes after the grace, both for their reason', async (name) => {
    const room = (await connect(name('watcher'), { node: two })).watch(name('room'))
    const { lines, tells } = diary(room)
    await room.ready
    const alice = await connect(name('alice'))
    alice.join(room.channel)
    await tells(`join ${alice.user}`)
    alice.room(room.channel).leave()
    await tells(`leave ${alice.user} left`)
    const { socket, say } = await wire({ username: name('bob') })
    await say({ type: 'join', channel: room.channel })
    await tells(`join ${name('bob')}`)
    socket.terminate()
    await tells(`leave ${name('bob')} closed`)
    assert.equal(lines.length, 4)
  })

  check('K8 K18 S7 S12: any client says it over the wire, of its own session and user only', async (name) => {
    const { socket, say } = await wire({ username: name('alice') })
    const { user } = await connect(name('bob'))
    for (const message of [{ type: 'state', state: 'away' }, { type: 'state', state: 'online' }, { type: 'status', status: 'busy', user }]) {
      assert.deepEqual(await say({ ...message, id: 2 }), { type: 'ok', id: 2 })
    }
    const status = async (user) => (await get(`/v1/users/${user}`)).status
    assert.deepEqual([await status(name('alice')), await status(user)], ['busy', 'online'])
    assert.equal((await say({ type: 'state', state: 'busy', id: 3 })).code, 'bad_request')
    socket.close()
  })

  check('F12: there is no message to a channel', async (name) => {
    const alice = await connect(name('alice'))
    await alice.join(name('room')).ready
    await assert.rejects(alice.links[0].request('publish', { channel: name('room'), data: {} }), { code: 'unsupported' })
  })

  check('K14 S3 S4: events tell of status and choice, and those of sessions of connections', async (name) => {
    const stream = await listen('session.connected,session.away,session.disconnected,user.online,user.away,user.status,user.offline')
    const alice = await connect(name('alice'))
    const { user, session } = alice
    await alice.setStatus('busy')
    alice.setAway()
    await ask(`/v1/users/${user}`, ({ connection }) => connection === 'away')
    alice.close()
    const events = await stream.take(6, (event) => event.user === user)
    assert.deepEqual(events.map(({ type, status, chosen, reason }) => [type, status, chosen ?? reason]), [
      ['session.connected', 'online', undefined], ['user.online', 'online', 'online'], ['user.status', 'busy', 'busy'],
      ['session.away', undefined, undefined], ['session.disconnected', undefined, 'left'], ['user.offline', 'offline', 'busy'],
    ])
    assert.deepEqual(events.map((event) => event.session), [session, undefined, undefined, session, session, undefined])
    assert.equal(events[0].address, '127.0.0.1')
  })

  check('K15 K16 S1 P4 P5 P6: a connection is listed with all that is known of it, and its end tells it again', async (name) => {
    const stream = await listen('session.disconnected')
    const alice = await connect(name('alice'), { node: two, meta: { app: 'web' } })
    const { sessions } = await ask(`/v1/users/${alice.user}`, (user) => user.sessions.length === 1)
    const [{ id, node, state, address, agent, connectedAt, meta }] = sessions
    assert.deepEqual([id, node, state, address, meta], [alice.session, 'node-2', 'online', '127.0.0.1', { app: 'web' }])
    assert.deepEqual([typeof agent, connectedAt > 0], ['string', true])
    alice.close()
    const [end] = await stream.take(1, ({ user }) => user === name('alice'))
    assert.deepEqual([end.session, end.address, end.connectedAt > 0, end.meta, end.reason], [id, address, true, meta, 'left'])
    assert.ok((await ask(`/v1/users/${name('alice')}`, (user) => !user.sessions.length)).lastSeen > 0)
  })

  check('K16 K17 P14: visitors are counted apart, with what they tell of themselves and whether they are idle', async () => {
    const stream = await listen('session.connected,session.away')
    const visitor = await connect(null, { meta: { visitor: '7' } })
    assert.equal(visitor.user, null)
    await ask('/v1/nodes', ({ nodes }) => nodes[0].anonymous === 1) // those of other tests have said bye
    visitor.setAway()
    const events = await stream.take(2, ({ session }) => session === visitor.session)
    assert.deepEqual(events.map(({ type, user, meta }) => [type, user, meta]), [
      ['session.connected', undefined, { visitor: '7' }], ['session.away', undefined, { visitor: '7' }],
    ])
  })

  check('K20 K23 S10: nodes are listed with id, label, version, addresses, sessions and peak', async (name) => {
    const alice = await connect(name('alice'))
    const { nodes } = await get('/v1/nodes')
    assert.deepEqual(nodes.map((node) => node.name), ['node-1', 'node-2'])
    for (const { id, version, addresses, sessions, peak } of nodes) assert.ok(id && version && addresses.gossip && sessions <= peak)
    assert.deepEqual([alice.node, alice.session.startsWith(nodes[0].id)], ['node-1', true])
  })

  check('K21: changes are logged', async (name) => {
    const alice = await connect(name('alice'))
    alice.join(name('room'))
    await ask('/v1/nodes', () => one.log.some((line) => {
      const { msg, channel, user } = JSON.parse(line)
      return msg === 'join' && channel === name('room') && user === alice.user
    }))
  })

  check('K22: operators choose for a user, and close one session of hers or all, on whatever node', async (name) => {
    const path = `/v1/users/${name('alice')}`
    const order = (method, path, body) => fetch(one.admin + path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    const tabs = [await connect(name('alice'), { node: two }), await connect(name('alice'))]
    await ask(path, ({ sessions }) => sessions.length === 2)
    assert.equal((await order('PUT', `${path}/status`, { status: 'busy' })).ok, true)
    await ask(path, ({ status }) => status === 'busy', two)
    assert.equal((await order('DELETE', `/v1/sessions/${tabs[0].session}`)).ok, true)
    await becomes(tabs[0], 'state', () => tabs[0].state === 'closed')
    assert.deepEqual([tabs[0].error.code, tabs[1].state], ['kicked', 'online'])
    assert.equal((await order('POST', `${path}/disconnect`, {})).ok, true)
    await becomes(tabs[1], 'state', () => tabs[1].state === 'closed')
  })

  check('K23: a text stands beside the status', async (name) => {
    const [alice, bob] = [await connect(name('alice')), await connect(name('bob'))]
    const seen = bob.follow(alice.user)
    await alice.setStatus('busy', 'in a meeting')
    await becomes(seen, 'change', () => seen.text === 'in a meeting')
  })

  check('P7 P15 S13: who logs in or out on a live socket ends one session and begins another, as idle as before', async (name) => {
    const stream = await listen('session.connected,session.disconnected')
    const alice = await connect(null)
    const sessions = [alice.session]
    alice.setAway()
    for (const change of [() => alice.setToken(sign({ username: name('alice') })), () => alice.setToken(sign({ username: name('bob') })), () => alice.logout()]) {
      await change()
      sessions.push(alice.session)
    }
    const events = await stream.take(7, ({ session }) => sessions.includes(session))
    assert.deepEqual(new Set(events.map(({ session, type, user, status, reason }) => `${sessions.indexOf(session)} ${type} ${user ?? 'nobody'} ${status ?? reason}`)), new Set([
      '0 session.connected nobody online', '0 session.disconnected nobody logout',
      `1 session.connected ${name('alice')} away`, `1 session.disconnected ${name('alice')} logout`,
      `2 session.connected ${name('bob')} away`, `2 session.disconnected ${name('bob')} logout`,
      '3 session.connected nobody away',
    ]))
  })

  check('P12: a monitor that is stopped leaves it as it was', async (name) => {
    const alice = await connect(name('alice'))
    alice.monitor.start()
    alice.setAway()
    alice.monitor.stop()
    assert.equal(alice.monitor.isIdle, true)
    await ask(`/v1/users/${alice.user}`, ({ status }) => status === 'away')
    alice.setOnline()
    await ask(`/v1/users/${alice.user}`, ({ status }) => status === 'online')
  })

  check('P3 P9 P13: the last activity is told by the clock of the node', async (name) => {
    const alice = await connect(name('alice'))
    const told = alice.now() - alice.monitor.idle
    alice.setAway()
    const { lastActivity } = await ask(`/v1/users/${alice.user}`, ({ status }) => status === 'away')
    assert.ok(Math.abs(lastActivity - told) < 30_000)
    assert.ok(Math.abs(alice.monitor.lastActivity + alice.monitor.idle - Date.now()) < 30_000)
  })

  check('P16: a channel that all join is a live list of who is online', async (name) => {
    const alice = await connect(name('alice'))
    const room = alice.join(name('online'))
    const { tells } = diary(room)
    await room.ready
    const bob = await connect(name('bob'), { node: two })
    bob.join(room.channel)
    await tells(`join ${bob.user}`)
    bob.close()
    await tells(`leave ${bob.user} left`)
    assert.deepEqual([...room.members.keys()], [alice.user])
  })

  check('C1: a token without the claim is refused, and no token is nobody', async () => {
    const lost = new Rollcall(one.url, { WebSocket, storage: null, token: sign({ sub: 'alice' }) })
    clients.push(lost)
    const refused = new Promise((resolve) => lost.on('error', resolve))
    assert.equal((await refused).code, 'unauthorized')
    assert.equal((await connect(null)).user, null)
  })

  check('C5 C6 C8 C9: listeners of nobody are told of all, stop alone or together, and make no member', async (name) => {
    const alice = await connect(name('alice'))
    await alice.join(name('room')).ready
    const nobody = await connect(null, { node: two })
    const heard = [[], []]
    const listeners = heard.map((list) => ({ action, username }) => list.push(`${action} ${username}`))
    for (const listener of listeners) nobody.trackPresence(name('room'), listener)
    const room = nobody.room(name('room'))
    await becomes(room, 'change', () => room.has(alice.user))
    assert.deepEqual([heard, room.count], [[[`join ${alice.user}`], [`join ${alice.user}`]], 1])
    nobody.untrackPresence(room.channel, listeners[0])
    alice.room(room.channel).leave()
    await becomes(room, 'change', () => !room.has(alice.user))
    assert.deepEqual(heard, [[`join ${alice.user}`], [`join ${alice.user}`, `leave ${alice.user}`]])
    nobody.untrackPresence(room.channel)
    assert.equal(nobody.room(room.channel), undefined)
  })

  check('C5 F8: a loop tells of each who comes and goes, and ends when the room is left', async (name) => {
    const [alice, bob] = [await connect(name('alice')), await connect(name('bob'))]
    const room = alice.watch(name('room'))
    await room.ready
    const loop = room.changes()
    bob.join(room.channel)
    const { action, user } = (await loop.next()).value
    assert.deepEqual([action, user], ['join', bob.user])
    room.leave()
    assert.equal((await loop.next()).done, true)
  })

  check('C7 C10 F2 F4 F5 F6 F10 F13: a user is one entry with her data, whatever she is connected with', async (name) => {
    const bob = await connect(name('bob'))
    const room = bob.join(name('room'))
    const { lines, tells } = diary(room)
    await room.ready
    assert.deepEqual([[...room.members.keys()], lines], [[bob.user], []])
    const data = { name: 'Alice' }
    const tabs = [await connect(name('alice')), await connect(name('alice'))]
    for (const tab of tabs) assert.equal((await tab.join(room.channel, { data }).ready).has(bob.user), true)
    tabs[0].close()
    await ask(`/v1/users/${name('alice')}`, ({ sessions }) => sessions.length === 1)
    assert.deepEqual([room.members.get(name('alice')).data, lines], [data, [`join ${name('alice')}`]])
    const { members } = await get(`/v1/channels/${room.channel}`)
    assert.deepEqual(members.find(({ user }) => user === name('alice')).data, data)
    await tabs[1].room(room.channel).update({ name: 'A.' })
    await tells(`update ${name('alice')}`)
    tabs[1].close()
    await tells(`leave ${name('alice')} left`)
    assert.equal(lines.length, 3)
  })

  check('C11 F3: who is nobody joins nothing; a login keeps what is watched, and a logout leaves what was joined', async (name) => {
    const alice = await connect(null)
    await assert.rejects(alice.join(name('room')).ready, { code: 'unauthorized' })
    const watched = alice.watch(name('watched'))
    await watched.ready
    await alice.setToken(sign({ username: name('alice') }))
    const joined = await alice.join(name('room')).ready
    assert.equal(joined.has(name('alice')), true)
    await alice.logout()
    assert.deepEqual([alice.state, joined.state, watched.state], ['online', 'ended', 'live'])
  })

  check('C12 S13: another name is a leave and a join, the same name no event', async (name) => {
    const room = (await connect(name('watcher'))).watch(name('room'))
    const { lines, tells } = diary(room)
    await room.ready
    const alice = await connect(name('alice'))
    await alice.join(room.channel).ready
    await alice.setToken(sign({ username: name('alice'), exp: Math.floor(Date.now() / 1000) + 7200 }))
    await alice.setToken(sign({ username: name('bob') }))
    await tells(`join ${name('bob')}`)
    assert.deepEqual([...lines].sort(), [`join ${name('alice')}`, `join ${name('bob')}`, `leave ${name('alice')} logout`])
  })

  check('F1: any channel has presence, for those who may', async (name) => {
    const alice = await connect({ username: name('alice'), channels: [name('room')] })
    await alice.join(name('room')).ready
    await assert.rejects(alice.join(name('other')).ready, { code: 'forbidden' })
  })
})
