/** Holds ../MIGRATION.md to naming what there is, and each of its features to being tried somewhere. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { World, settle } from './fake.js'

const read = (file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const page = read('client-js/MIGRATION.md')

/** The cells of all rows of a table that have so many. */
const rows = (cells) => page.split('\n').filter((line) => line.startsWith('|')).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim())).filter((row) => row.length === cells)
const features = rows(4).filter(([id]) => /^[KSPFC]\d+$/.test(id))

/** Where a feature is tried that has no test here or in nodes: the folder, and the test's name. */
const elsewhere = {
  'K2 K3 S2 P2': ['node/wiretest', 'TestStatusTableOfTwoSessionsOnTwoNodes'],
  'K9 P8': ['client-js/test', 'a threshold of 0 makes nobody idle'],
  K10: ['client-js/test', 'whatever people do is an action, or what the application says it is'],
  K11: ['client-js/test', 'setAway and setOnline work without a monitor, and ping counts as an action'],
  K12: ['client-js/test', 'idle after the threshold, active at the next action, each reported once and at once'],
  P12: ['client-js/test', 'idle time is carried over to the next connection'],
  P10: ['client-js/test', 'a window without the focus is idle from the start if blur counts, and only then'],
  P11: ['client-js/test', 'Cordova: in the background nobody is there if blur counts'],
  K13: ['client-js/test', 'a choice shows at once; if it is refused it is rejected, and what the node said last holds'],
  'K19 S8 F11': ['node/processtest', 'TestUsersOfAKilledNodeLeaveInTimeUnlessTheyAreBack'],
  'K22 S9': ['node/processtest', 'TestARollingRestartIsNoEvent'],
  'S5 S6 S11 P17 C3': ['node', 'TestMigratedCallbacks'],
  P6: ['cmd/rollcall-history', 'TestConnectionsAreRecordedAsTheyComeAndGo'],
  P3: ['channels', 'TestLastActivityNeverMovesBackwards'],
  P4: ['channels', 'TestLastSeenIsKeptForADay'],
  P18: ['node/wiretest', 'TestAwayIsToldWithItsDateAndOnlineLeftOut'],
  F9: ['node/wiretest', 'TestRefusedJoinIsAnnouncedToNobody'],
  F14: ['node/wiretest', 'TestConnectWithoutUpgradeIsNoSocket'],
  C2: ['node/wiretest', 'TestJoinIsSeenOnEveryNode'],
  C14: ['client-js/test', 'a broken connection makes rosters stale at once, and a reconnect tells differences only'],
  C15: ['node/core', 'TestSimulation'],
  C16: ['client-js/test', 'packed and installed, it is imported, required, and checked by TypeScript'],
}

test('each feature of the five systems is on the page once, and is there, different or left out', () => {
  const all = Object.entries({ C: 16, F: 14, K: 23, S: 13, P: 18 }) // in the order of the page
    .flatMap(([letter, count]) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`))
  assert.deepEqual(features.map(([id]) => id), all)
  for (const [id, , verdict, why] of features) {
    assert.ok(['there', 'different', 'left out'].includes(verdict), `${id}: ${verdict}`)
    assert.ok(verdict === 'there' || why, `${id} is ${verdict}, and it is not said why`)
  }
})

test('each feature is tried, by a test that there is', () => {
  const onNodes = ['users', 'channels'].map((of) => `client-js/test/nodes/migration-${of}.test.js`)
  const titles = [...onNodes, 'client-js/test/migration.test.js'].map(read).join('\n')
  const here = [...titles.matchAll(/^ *(?:check|test)\('((?:[KSPFC]\d+ ?)+): /gm)].flatMap(([, ids]) => ids.split(' '))
  for (const [folder, name] of Object.values(elsewhere)) {
    const files = readdirSync(new URL(`../../${folder}`, import.meta.url)).filter((file) => /(_test\.go|\.test\.js)$/.test(file))
    const is = /^Test/.test(name) ? `func ${name}(` : `test('${name}',`
    assert.ok(files.some((file) => read(`${folder}/${file}`).includes(is)), `${folder} has no test ${name}, which tries what MIGRATION.md says`)
  }
  const tried = new Set([...here, ...Object.keys(elsewhere).flatMap((ids) => ids.split(' '))])
  assert.deepEqual(features.map(([id]) => id).filter((id) => !tried.has(id)), [])
})

/** How to look up a name, by what it looks like. */
async function index() {
  const client = new World().client({ token: null })
  const room = client.join('room')
  await settle()
  const [help, protocol, readme] = ['cmd/rollcall/testdata/serve.help', 'node/PROTOCOL.md', 'README.md'].map(read)
  const server = ['admin', 'callbacks', 'node', 'serve', 'http', 'users', 'nodes'].map((file) => read(`node/${file}.go`)).join('\n')
  const types = read('node/events/event.go')
  const source = ['options', 'room', 'follows', 'monitor'].map((file) => read(`client-js/src/${file}.js`)).join('\n')
  client.close()
  return [
    [/^(--[a-z-]+)/, (flag) => help.includes(` ${flag}=`) || help.includes(` ${flag} `) || help.includes(`--[no-]${flag.slice(2)}`)],
    [/^(GET|POST|PUT|DELETE) (\/v1\/\S+)$/, (method, path) => server.includes(`{"${method}", "${path}",`)],
    [/^((?:user|session|node|cluster)\.[a-z]+)$/, (type) => types.includes(`Type = "${type}"`)],
    [/^(?:n\.)?(On[A-Z]\w+|Run|Handler)\b/, (name) => server.includes(`func (n *Node) ${name}(`)],
    [/rollcall\.monitor\.(\w+)/, (name) => name in client.monitor],
    [/rollcall\.(?!monitor\.)(\w+)/, (name) => name in client],
    [/room\.(\w+)/, (name) => name in room],
    [/^(rollcall-history)( |$)/, (name) => read(`cmd/${name}/show.go`).includes('showCommand')],
    [/^(new Rollcall\(url, options\)|rollcall serve)$/, () => true],
    [/^(token|checkInterval|join|leave|update|sync|change|status)$/, (name) => source.includes(`[${name}] `) || source.includes(`]} ${name} `)],
    [/^(status|chosen|connection|sessions|connectedAt|lastActivity|address|agent)$/, (name) => server.includes(`json:"${name}`)],
    [/^(username|profile|channels)$/, (claim) => readme.includes(`| \`${claim}\` |`)],
    [/^(unauthorized)$/, (code) => protocol.includes(`| \`${code}\` |`)],
  ]
}

test('what the page says to use instead is there', async () => {
  const known = await index()
  const words = (cells) => cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word))
  const used = words(rows(3).slice(1).map(([, now]) => now))
  for (const word of used) assert.ok(known.some(([pattern]) => pattern.test(word)), `nobody knows how to look up ${word}`)
  for (const word of [...used, ...words(features.map(([, , , why]) => why))]) {
    const fitting = known.filter(([pattern]) => pattern.test(word))
    assert.ok(!fitting.length || fitting.some(([pattern, is]) => is(...word.match(pattern).slice(1))), `there is no ${word}`)
  }
})

test('C4: the check interval says how late a silent node is given up', async () => {
  for (const [checkInterval, given] of [[1_000, 14_000], [5_000, 15_000]]) {
    const world = new World()
    const client = world.client({ checkInterval })
    await settle()
    world.auto = false
    await world.clock.pass(given - 1_100)
    assert.equal(client.state, 'online')
    await world.clock.pass(1_200)
    assert.notEqual(client.state, 'online')
    client.close()
  }
})
