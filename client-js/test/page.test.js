/** What the browser tells of page and network is taken as a hint: it is never believed, and it costs no connection that lives. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { document, page } from './page.js'
import { diary, settle, World } from './fake.js'

let world, client, room, lines
beforeEach(async () => {
  world = new World()
  client = world.client()
  room = client.join('room')
  lines = diary(room)
  await settle()
  world.socket.roster('room', 1, ['alice', 'bob'])
})
afterEach(() => {
  document.hidden = false
  client.close()
})

const fire = (target, name) => target.dispatchEvent(new Event(name))
const asked = () => world.socket.sent.filter(({ type }) => type === 'time').length

test('a page that goes says no goodbye, and one that comes back goes on with its session', async () => {
  page.dispatchEvent(new Event('pagehide'))
  assert.deepEqual([world.socket.closed, world.socket.find('bye'), client.state], [true, undefined, 'offline'])
  await world.clock.pass(60_000)
  assert.equal(world.sockets.length, 1)
  page.dispatchEvent(new Event('pageshow'))
  await settle()
  assert.deepEqual([client.state, world.socket.find('hello').resume], ['online', 's1'])
})

test('the network is said to be back: it is tried at once', async () => {
  world.auto = false
  world.socket.drop()
  world.auto = true
  page.dispatchEvent(new Event('online'))
  await settle()
  assert.equal(client.state, 'online')
})

for (const [target, name] of [[page, 'online'], [page, 'offline'], [page, 'pageshow'], [document, 'visibilitychange'], [document, 'resume']]) {
  test(`${name}: the node is asked, and given up only if it does not answer`, async () => {
    await world.clock.pass(5_000)
    fire(target, name)
    assert.equal(asked(), 2) // once before, at the welcome
    await world.clock.pass(7_000)
    assert.deepEqual([client.state, world.sockets.length, lines], ['online', 1, ['sync 2']])
    world.auto = false
    fire(target, name)
    await world.clock.pass(2_500)
    assert.equal(client.state, 'online')
    await world.clock.pass(1_500)
    assert.deepEqual([client.state === 'online', lines.at(-1)], [false, 'stale'])
  })
}

test('a page that is hidden asks nothing', async () => {
  document.hidden = true
  fire(document, 'visibilitychange')
  assert.equal(asked(), 1)
})

test('a page that is frozen gives a sign of life and stays; one that is resumed soon goes on as if nothing had been', async () => {
  await world.clock.pass(9_000)
  fire(document, 'freeze')
  assert.deepEqual([asked(), world.socket.closed, client.state], [2, undefined, 'online']) // from now on the node counts
  world.auto = false
  world.clock.at += 12_000 // nothing runs
  world.auto = true
  fire(document, 'resume')
  await world.clock.pass(5_000)
  assert.deepEqual([client.state, world.sockets.length, lines], ['online', 1, ['sync 2']])
})

test('after a long freeze the node is asked before it is given up, and nobody is thought gone', async () => {
  for (const answers of [true, false]) {
    fire(document, 'freeze')
    await settle()
    world.clock.at += 3_600_000
    world.auto = answers
    fire(document, 'resume')
    assert.equal(client.state, 'online')
    await world.clock.pass(4_000)
    assert.equal(client.state === 'online' && world.sockets.length === 1, answers)
  }
  assert.deepEqual(lines, ['sync 2', 'stale'])
})

test('a connection that ended while the page was frozen is opened anew at once', async () => {
  world.auto = false
  world.socket.drop()
  fire(document, 'freeze')
  world.clock.at += 3_600_000
  world.auto = true
  fire(document, 'resume')
  await settle()
  assert.deepEqual([client.state, world.sockets.length, lines], ['online', 2, ['sync 2', 'stale']])
})

test('a question asked before a freeze is not held against the node after it', async () => {
  world.auto = false
  fire(page, 'offline') // asks
  world.clock.at += 8_000 // frozen, blocked or asleep, with the answer waiting to be read
  await world.clock.pass(0)
  assert.equal(client.state, 'online')
  world.socket.answer('time', { type: 'time', time: world.clock.wall() })
  await world.clock.pass(4_000)
  assert.deepEqual([client.state, world.sockets.length], ['online', 1])
})

test('a page that comes back goes on with the session of the page that was here meanwhile', async () => {
  fire(page, 'pagehide')
  const [key] = [...world.stored].find(([, value]) => value === '"s1"')
  world.stored.set(key, '"s7"')
  fire(page, 'pageshow')
  await settle()
  assert.equal(world.socket.find('hello').resume, 's7')
})

test('frozen on its way into the cache of "back", it has no connection, and opens one at "back" only', async () => {
  fire(page, 'pagehide')
  fire(document, 'freeze')
  await world.clock.pass(60_000)
  assert.deepEqual([world.sockets.length, client.state], [1, 'offline'])
  fire(document, 'resume')
  fire(page, 'pageshow')
  await settle()
  assert.deepEqual([world.sockets.length, client.state, world.socket.find('hello').resume], [2, 'online', 's1'])
})
