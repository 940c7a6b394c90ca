/**
 * Writes types/ anew: declarations made from the comments, once for import and once for require, since
 * TypeScript takes a file for the module kind of the nearest package.json.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

/**
 * Returns declarations without what is `@internal`. (TypeScript has an option for that, which does nothing where
 * declarations are made from JavaScript.)
 *
 * @param {string} text
 */
function published(text) {
  const { statements } = ts.createSourceFile('types.d.ts', text, ts.ScriptTarget.ES2022)
  const members = statements.filter(ts.isClassDeclaration).flatMap(({ members }) => [...members])
  const internal = members.filter(({ pos }) => {
    const comments = ts.getLeadingCommentRanges(text, pos) ?? []
    return comments.some(({ pos, end }) => text.slice(pos, end).includes('@internal'))
  })
  for (const { pos, end, kind } of internal.reverse()) {
    text = text.slice(0, pos) + (kind === ts.SyntaxKind.Constructor ? '\n    private constructor();' : '') + text.slice(end)
  }
  return text
}

rmSync(`${root}types`, { recursive: true, force: true })
const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', 'types']
execFileSync(process.execPath, [tsc, '-p', '.', ...options], { cwd: root, stdio: 'inherit' })
const files = readdirSync(`${root}types`)
mkdirSync(`${root}types/cjs`)
for (const file of files) {
  const text = published(readFileSync(`${root}types/${file}`, 'utf8'))
  for (const folder of ['types', 'types/cjs']) writeFileSync(`${root}${folder}/${file}`, text)
}
writeFileSync(`${root}types/cjs/package.json`, '{ "type": "commonjs" }\n')
