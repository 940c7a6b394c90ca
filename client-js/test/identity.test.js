/** Who one is, and how: tokens, logout and the chosen status. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle, token, World } from './fake.js'

test('after 4401 the token function is asked again, and a string is not shown twice', async () => {
  const world = new World()
  let asked = 0
  const client = world.client({ token: async () => token('alice', { n: ++asked }) })
  await settle()
  world.socket.say({ type: 'error', code: 'expired', message: 'token expired' })
  world.socket.drop(4401)
  await world.clock.pass(1_000)
  assert.deepEqual([client.state, asked], ['online', 2])
  assert.deepEqual(client.errors.at(-1), 'expired')

  const other = new World()
  const fixed = other.client()
  await settle()
  other.socket.drop(4401)
  await other.clock.pass(600_000)
  assert.deepEqual([fixed.state, other.sockets.length], ['offline', 1])
  await fixed.setToken(token('alice', { fresh: true }))
  assert.equal(fixed.state, 'online')
})

test('a token from a function is shown again at a reconnect, unless it ends soon', async () => {
  const world = new World()
  let asked = 0
  world.client({ token: () => `t${++asked}` })
  await settle()
  world.socket.drop()
  await world.clock.pass(1_000)
  assert.equal(asked, 1)
  world.auto = false
  world.socket.drop()
  await world.clock.pass(2_000)
  world.socket.welcome({ expires: world.clock.wall() + 25_000 })
  world.socket.drop()
  await world.clock.pass(8_000)
  assert.equal(asked, 2)
})

test('a token function that throws or hangs is asked again', async () => {
  const world = new World()
  const answers = [() => Promise.reject(new Error('down')), () => new Promise(() => {}), () => token('alice')]
  const client = world.client({ token: () => answers.shift()() })
  await world.clock.pass(40_000)
  assert.deepEqual([client.state, client.errors], ['online', ['token', 'token']])
})

test('an expiring token is renewed on the living connection', async () => {
  const world = new World()
  let asked = 0
  const client = world.client({ token: () => token('alice', { n: ++asked }) })
  await settle()
  world.socket.say({ type: 'expiring', expires: 5 })
  await settle()
  assert.equal(world.socket.find('token').token, token('alice', { n: 2 }))
  world.socket.answer('token', { type: 'ok', user: 'alice', expires: 99 })
  await settle()
  assert.deepEqual([client.expires, world.sockets.length], [99, 1])
})

test('setToken: as another user rooms go on without data; a refusal changes nothing', async () => {
  const world = new World()
  const client = world.client()
  const room = client.join('room', { data: { name: 'Alice' } })
  await settle()
  const done = client.setToken(token('bob'))
  await settle()
  world.socket.answer('token', { type: 'ok', user: 'bob', expires: 1, session: 's9' })
  await done
  assert.deepEqual([client.user, client.session, room.data], ['bob', 's9', undefined])
  const refused = client.setToken('bad')
  await settle()
  world.socket.answer('token', { type: 'error', code: 'unauthorized', message: 'no' })
  await assert.rejects(refused, { code: 'unauthorized' })
  assert.equal(client.user, 'bob')
  world.socket.drop()
  await world.clock.pass(1_000)
  assert.equal(world.socket.find('hello').token, token('bob'))
})

test('logout ends memberships; 1000 closes; setToken opens again', async () => {
  const world = new World()
  const client = world.client({ token: () => token('alice') })
  const room = client.join('room')
  await settle()
  const done = client.logout()
  await settle()
  world.socket.answer('logout', { type: 'ok', user: null, expires: null })
  world.socket.drop(1000)
  await done
  assert.deepEqual([client.user, client.state, room.state], [null, 'closed', 'ended'])
  await world.clock.pass(60_000)
  assert.equal(world.sockets.length, 1)
  await client.setToken(token('alice'))
  assert.equal(client.state, 'online')
})

test('a choice made offline is told before anybody could see us, and kept for the next page', async () => {
  const world = new World()
  world.auto = false
  const client = world.client()
  client.join('room')
  const chosen = client.setStatus('offline')
  await settle()
  world.socket.open()
  assert.deepEqual(world.socket.sent.map((m) => m.type), ['hello', 'status', 'join'])
  assert.equal(world.socket.find('hello').status, 'offline')
  world.socket.welcome()
  world.socket.answer('status', { type: 'ok' })
  await chosen
  assert.equal(client.status, 'offline')
  world.client()
  await settle()
  world.socket.open()
  assert.equal(world.socket.find('hello').status, 'offline')
  world.client({ token: token('bob') }) // on the same computer
  await settle()
  world.socket.open()
  assert.equal('status' in world.socket.find('hello'), false)
})

test('a text of more than 256 bytes is refused here, and nothing of it is said', async () => {
  for (const connected of [true, false]) {
    const world = new World()
    const client = world.client()
    await settle()
    if (!connected) world.socket.drop()
    await assert.rejects(client.setStatus('busy', 'é'.repeat(128) + '!'), { code: 'too_large', request: 'status' })
    await world.clock.pass(1_000)
    assert.deepEqual([client.status, client.errors, world.socket.find('status'), world.socket.find('hello').status], ['online', ['too_large'], undefined, connected ? undefined : 'online'])
    client.setStatus('busy', 'é'.repeat(128))
    assert.equal(world.socket.find('status').text.length, 128)
  }
})

test('a choice shows at once; if it is refused it is rejected, and what the node said last holds', async () => {
  const world = new World()
  world.auto = false
  const client = world.client()
  const told = []
  client.on('status', (status) => told.push(status))
  const chosen = client.setStatus('busy', 'in a meeting')
  assert.deepEqual([client.status, told], ['busy', ['busy']])
  await settle()
  world.socket.welcome({ status: 'away' })
  world.socket.answer('status', { type: 'error', code: 'unauthorized', message: 'no' })
  await assert.rejects(chosen, { code: 'unauthorized', request: 'status' })
  assert.deepEqual([client.status, told, client.errors], ['away', ['busy', 'away'], ['unauthorized']])
})
