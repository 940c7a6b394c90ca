import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { bundle, committed, internal } from '../scripts/build.js'

const root = fileURLToPath(new URL('..', import.meta.url))

test('dist is what the sources make, and names no path of the machine that made it', async () => {
  for (const [file, text] of await bundle()) {
    assert.equal(await committed(file), text, `${file} is out of date: run npm run build`)
    assert.ok(!text.includes(root), file)
  }
})

test('no property that gets a short name is one of the language or of the platform', () => {
  const known = [Array, Date, Error, Event, EventTarget, Map, Promise, Set, String, TextEncoder, URL, BroadcastChannel]
  for (const one of [globalThis, Math, JSON, Object, Reflect, performance, ...known, ...known.map((kind) => kind.prototype)]) {
    for (const name of internal) assert.ok(!(name in one), name)
  }
})

test('the module and the script are under 8 KiB each, gzipped', async () => {
  for (const file of ['dist/rollcall.js', 'dist/rollcall.min.js']) {
    const size = gzipSync(await committed(file)).length + path.basename(file).length + 1 // as gzip does it to a file
    assert.ok(size < 8 * 1024, `${file}: ${size} bytes`)
  }
})

/** A project into which the packed package is installed; React, as applications have it, lies beside it. */
function installed() {
  const project = mkdtempSync(path.join(tmpdir(), 'rollcall-client-'))
  const run = (command, ...args) => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: project, encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
    return stdout
  }
  const packed = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', project], { cwd: root, encoding: 'utf8' })
  const [{ filename, files }] = Object.values(JSON.parse(packed.replace(/^[^[{]*/, '')))
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }')
  run('npm', 'install', '--silent', '--no-audit', '--no-fund', '--offline', `./${filename}`)
  mkdirSync(path.join(project, 'node_modules/@types'))
  for (const name of ['react', '@types/react', 'csstype']) symlinkSync(path.join(root, 'node_modules', name), path.join(project, 'node_modules', name))
  return { project, run, files: files.map(({ path }) => path) }
}

/** What applications write, in TypeScript; `@ts-expect-error` fails where there is none. */
const typed = `
  import { Rollcall, RollcallError, type Member, type Options } from 'rollcall-client'
  import { RollcallProvider, useRoom, useUser } from 'rollcall-client/react'

  const options: Options = { token: async () => 'x', reconnect: { min: 100 }, inferAfter: 5_000, storage: null }
  const rollcall = new Rollcall(['wss://a/', 'wss://b/'], options)
  const room = rollcall.join('room.1', { data: { name: 'Alice' } })
  room.on('leave', (member, reason) => { const text: string = member.user + reason; void text })
  room.on('update', (member, old) => { const same: boolean = member.status === old.status; void same })
  room.on('sync', (members) => { const first: Member | undefined = members.get('bob'); void first })
  // @ts-expect-error: there is no such event
  room.on('nonsense', () => {})
  // @ts-expect-error: not a status
  rollcall.setStatus('sleepy')
  // @ts-expect-error: not for applications
  rollcall.fail(new RollcallError('closed'))
  rollcall.trackPresence('sample', ({ action, username }) => { const text: string = action + username; void text })
  rollcall.monitor.start({ threshold: 60_000, interval: 1_000, idleOnBlur: false })
  const numbers: number[] = [rollcall.now(), rollcall.monitor.lastActivity]
  const seen: number | undefined = rollcall.follow('bob').lastSeen
  async function read(): Promise<string> {
    for await (const change of room.changes()) if (change.action === 'leave') return change.reason
    return room.members.get('bob')?.user ?? String(room.count)
  }
  function useAll(): string {
    const { members, stale, room } = useRoom('room.1', { data: { name: 'Alice' } })
    void room?.update({ typing: true })
    // @ts-expect-error: not a mode
    useRoom('room.1', { mode: 'all' })
    return String(stale) + [...members.keys()].join() + (useUser('bob')?.status ?? '')
  }
  const provider: (props: { client: Rollcall }) => unknown = RollcallProvider
  void [read, useAll, provider, numbers, seen]`

test('packed and installed, it is imported, required, and checked by TypeScript', () => {
  const { project, run, files } = installed()
  try {
    for (const file of ['LICENSE', 'README.md', 'dist/rollcall.js', 'dist/rollcall.min.js', 'src/index.js', 'types/index.d.ts']) assert.ok(files.includes(file), file)
    assert.deepEqual(files.filter((file) => /test|scripts|node_modules|\.go$/.test(file)), [])
    const say = 'console.log(typeof Rollcall, typeof RollcallError, typeof useRoom, typeof RollcallProvider)'
    writeFileSync(path.join(project, 'a.mjs'), `import { Rollcall, RollcallError } from 'rollcall-client'\nimport { RollcallProvider, useRoom } from 'rollcall-client/react'\n${say}`)
    writeFileSync(path.join(project, 'b.cjs'), `const { Rollcall, RollcallError } = require('rollcall-client')\nconst { RollcallProvider, useRoom } = require('rollcall-client/react')\n${say}`)
    for (const file of ['a.mjs', 'b.cjs']) assert.equal(run(process.execPath, file), 'function function function function\n')
    for (const file of ['c.mts', 'd.cts']) writeFileSync(path.join(project, file), typed)
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
    run(process.execPath, tsc, '--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,dom', '--types', 'react', 'c.mts', 'd.cts')
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
})
