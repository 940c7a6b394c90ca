/**
 * Writes types/ anew: declarations made from the comments, once for import and once for require, since
 * TypeScript takes a file for the module kind of the nearest package.json.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(`${root}types`, { recursive: true, force: true })
for (const outDir of ['types', 'types/cjs']) {
  const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--stripInternal', '--outDir', outDir]
  execFileSync(process.execPath, [tsc, '-p', '.', ...options], { cwd: root, stdio: 'inherit' })
}
mkdirSync(`${root}types/cjs`, { recursive: true })
writeFileSync(`${root}types/cjs/package.json`, '{ "type": "commonjs" }\n')
