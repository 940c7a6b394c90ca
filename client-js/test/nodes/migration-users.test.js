/** What ../../MIGRATION.md promises of users and their connections, tried on real nodes. Titles begin with the features that a test tries. */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { sign } from './nodes.js'
import { ask, becomes, check, connect, get, listen, one, two, wire, withNodes } from './stage.js'

describe('MIGRATION.md: users', { timeout: 180_000 }, () => {
  withNodes()

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
})
