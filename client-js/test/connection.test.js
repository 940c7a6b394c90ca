import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diary, settle, token, World } from './fake.js'

test('it says hello with token and meta, and is online at the welcome', async () => {
  const world = new World()
  const client = world.client({ meta: { app: 'web' } })
  await settle()
  assert.deepEqual(world.socket.sent[0], { type: 'hello', id: 1, token: token('alice'), meta: { app: 'web' } })
  assert.deepEqual([world.socket.protocol, client.state, client.user, client.node, client.session], ['rollcall.v1', 'online', 'alice', 'n1', 's1'])
})

test('a ping is answered at once, from the message handler', async () => {
  const world = new World()
  world.client()
  await settle()
  world.socket.say({ type: 'ping', time: 1 })
  assert.deepEqual(world.socket.sent.at(-1), { type: 'pong' }) // no promise has settled, no timer run
})

test('after a loss it goes to the next address in turn, and names its session', async () => {
  const world = new World()
  const client = world.client({ url: ['ws://a/', 'ws://b/'] })
  await world.clock.pass(10_000)
  world.socket.drop()
  assert.equal(client.state, 'offline')
  await world.clock.pass(500)
  assert.deepEqual(world.sockets.map((s) => s.url), ['ws://a/', 'ws://b/'])
  assert.equal(world.socket.find('hello').resume, 's1')
  assert.deepEqual(client.states, ['connecting', 'online', 'offline', 'connecting', 'online'])
})

test('waits grow with each failure, up to the longest, and begin anew once a connection has lasted', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  await world.clock.pass(10_000)
  world.auto = false
  world.socket.drop()
  const waits = []
  for (let i = 0; i < 8; i++) {
    const began = world.clock.at
    const n = world.sockets.length
    while (world.sockets.length === n) await world.clock.pass(100)
    waits.push(world.clock.at - began)
    world.socket.drop()
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000])
  world.auto = true
  await world.clock.pass(20_000)
  assert.equal(client.state, 'online')
  world.clock.chance = 0.5
  await world.clock.pass(10_000)
  const n = world.sockets.length
  world.socket.drop()
  await world.clock.pass(250)
  assert.equal(world.sockets.length, n + 1)
})

test('a node that falls silent is given up after its timeout, and only then', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  world.auto = false
  await world.clock.pass(12_000)
  assert.equal(client.state, 'online')
  world.socket.say({ type: 'ping', time: 1 })
  await world.clock.pass(12_900)
  assert.equal(client.state, 'online')
  await world.clock.pass(1_200)
  assert.notEqual(client.state, 'online')
  assert.equal(world.sockets[0].closed, true)
})

test('after a sleep the node is asked first, and given up only without an answer', async () => {
  for (const answers of [true, false]) {
    const world = new World()
    const client = world.client()
    await settle()
    world.auto = answers
    await world.clock.sleep(600_000)
    assert.equal(client.state, 'online')
    await world.clock.pass(2_000)
    assert.equal(client.state, 'online')
    await world.clock.pass(2_500)
    assert.equal(client.state === 'online' && world.sockets.length === 1, answers)
  }
})

test('timers that run once a minute, as in a hidden tab, end no connection that is alive', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  for (let minute = 0; minute < 5; minute++) {
    for (let i = 0; i < 6; i++) {
      world.clock.at += 10_000
      world.socket.say({ type: 'ping', time: 1 })
      assert.deepEqual(world.socket.sent.at(-1), { type: 'pong' })
    }
    await world.clock.pass(0)
  }
  assert.deepEqual([client.state, world.sockets.length], ['online', 1])
})

test('after 1000, 4400 and 4403 it does not come back, and says why', async () => {
  for (const [code, why] of [[1000, 'logged_out'], [4400, 'protocol'], [4403, 'kicked']]) {
    const world = new World()
    const client = world.client()
    const room = client.join('room')
    await settle()
    world.socket.drop(code)
    await world.clock.pass(60_000)
    assert.deepEqual([client.state, client.error.code, room.state, world.sockets.length], ['closed', why, 'ended', 1])
    await assert.rejects(room.ready, { code: why })
  }
})

test('a cloned tab does not take turns: after 4409 no session is named', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  assert.equal(JSON.parse([...world.stored.values()][0]), 's1')
  world.socket.drop(4409)
  await world.clock.pass(1_000)
  assert.deepEqual([client.state, 'resume' in world.socket.find('hello')], ['online', false])
})

test('a reload names the session that the page before kept', async () => {
  const world = new World()
  world.client()
  await settle()
  world.client()
  await settle()
  assert.equal(world.socket.find('hello').resume, 's1')
})

test('drain opens the new connection before it closes the old, and nobody notices', async () => {
  const world = new World()
  const client = world.client({ url: ['ws://a/', 'ws://b/'] })
  const room = client.join('room', { data: { a: 1 } })
  await settle()
  const [old] = world.sockets
  old.roster('room', 4, ['alice', 'bob'])
  const lines = diary(room)
  world.auto = false
  old.say({ type: 'drain', delay: 2_000 })
  await world.clock.pass(1_900)
  assert.equal(world.sockets.length, 1)
  await world.clock.pass(200)
  const next = world.socket
  assert.equal(next.url, 'ws://b/')
  next.open()
  assert.equal(next.find('hello').resume, 's1')
  assert.deepEqual(next.find('join').data, { a: 1 })
  old.say({ type: 'diff', channel: 'room', version: 5, count: 3, join: [{ user: 'carol', since: 2 }] })
  assert.deepEqual(lines, ['join carol'])
  old.drop(4409) // by our own hello: no clone
  assert.deepEqual([client.state, room.state], ['online', 'live'])
  next.welcome()
  next.roster('room', 90, ['alice', 'bob', 'carol'])
  next.say({ type: 'diff', channel: 'room', version: 91, count: 2, leave: [{ user: 'bob', reason: 'left' }] })
  assert.deepEqual(lines, ['join carol', 'sync 3', 'leave bob left'])
  assert.deepEqual(client.states, ['connecting', 'online'])
  assert.equal(client.session, 's2')
})

test('if no other node takes it, it stays with the draining one and tries again', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  const [old] = world.sockets
  world.auto = false
  old.say({ type: 'drain', delay: 0 })
  await world.clock.pass(10)
  world.socket.open()
  world.socket.answer('hello', { type: 'error', code: 'draining', message: '' })
  world.socket.drop(1001)
  assert.equal(client.state, 'online')
  old.say({ type: 'ping', time: 1 })
  await world.clock.pass(2_000)
  assert.equal(world.sockets.length, 3)
})

test('close says bye, ends everything, and nothing can be done after it', async () => {
  const world = new World()
  const client = world.client()
  const room = client.join('room')
  await settle()
  client.close()
  assert.deepEqual(world.socket.sent.at(-1), { type: 'bye' })
  assert.deepEqual([client.state, room.state], ['closed', 'ended'])
  assert.throws(() => client.join('other'), { code: 'closed' })
  await assert.rejects(client.setToken('x'), { code: 'closed' })
  await world.clock.pass(60_000)
  assert.equal(world.sockets.length, 1)
})

test('node time follows the best measurement, and a set clock is noticed', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  assert.equal(client.now() - world.clock.wall(), 5_000)
  world.clock.offset += 3_600_000 // somebody sets the clock of this computer
  await world.clock.pass(2_000)
  assert.equal(client.now() - world.clock.wall(), 5_000)
})

test('a node that tells no time is not given up for that', async () => {
  const world = new World()
  world.auto = false
  const client = world.client()
  await settle()
  world.socket.welcome()
  await world.clock.pass(12_000)
  assert.deepEqual([client.state, world.sockets.length], ['online', 1])
})

test('a broken line, a frame that is no text and a message of later versions spoil nothing', async () => {
  const world = new World()
  const client = world.client()
  const room = client.join('room')
  await settle()
  world.socket.onmessage({ data: '{"type":\n\nnull\n7\n{"type":"roster","channel":"room","version":1,"count":1,"members":[],"more":false}' })
  world.socket.onmessage({ data: new ArrayBuffer(3) })
  world.socket.say({ type: 'weather', channel: 'room', code: 'sunny' }, { type: 'news' }, { type: 'ping', time: 1 })
  assert.deepEqual([client.state, room.state, room.count, client.errors, world.socket.sent.at(-1)], ['online', 'live', 1, [], { type: 'pong' }])
})

test('what is refused for overload is asked again on the next connection', async () => {
  const world = new World()
  const client = world.client()
  const [room, bob] = [client.join('room'), client.follow('bob')]
  const chosen = client.setStatus('busy')
  await settle()
  for (const type of ['join', 'follow', 'status']) world.socket.answer(type, { type: 'error', code: 'rate_limited', message: '' })
  world.socket.drop(4429)
  await world.clock.pass(10_000)
  for (const type of ['join', 'follow']) assert.ok(world.socket.find(type), type)
  world.socket.answer('status', { type: 'ok' })
  await chosen
  assert.deepEqual([room.state, bob.error, client.errors], ['joining', null, ['rate_limited']])
})

test('close says bye also on a connection that is not welcome yet', async () => {
  const world = new World()
  world.auto = false
  const client = world.client()
  await settle()
  world.socket.open()
  client.close()
  assert.deepEqual([world.socket.sent.at(-1), world.socket.closed], [{ type: 'bye' }, true])
})

test('a fast node that falls silent is given up fast, also where timers come late', async () => {
  const world = new World()
  world.auto = false
  const client = world.client()
  await settle()
  world.socket.welcome({ interval: 1_000, timeout: 1_500 })
  await world.clock.sleep(5_000)
  assert.equal(client.state, 'online') // but asked
  await world.clock.pass(1_000)
  assert.notEqual(client.state, 'online')
})
