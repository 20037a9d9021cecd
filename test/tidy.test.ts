/**
 * The rules of the house, as tests: who may import whom, what the pure folders may not touch, that
 * only one table switches over op codes, that sizes stay readable, and that the paths which
 * docs/architecture.md names exist.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'src');

/** Besides itself and `base`, which everybody may import. */
const mayImport: Record<string, readonly string[]> = {
  base: [],
  jute: [],
  tree: ['jute'],
  state: ['jute', 'tree'],
  auth: ['jute'],
  ops: ['jute', 'tree', 'state', 'auth'],
  processor: ['jute', 'tree', 'state', 'auth', 'ops'],
  zab: ['jute'],
  election: ['jute', 'zab'],
  storage: ['jute'],
  check: ['jute', 'storage'],
  ring: [],
  net: ['jute', 'zab'],
  admin: ['jute'],
  config: [],
  agents: [
    ...['jute', 'tree', 'state', 'auth', 'ops', 'processor', 'zab', 'storage', 'ring'],
    ...['net', 'admin', 'config'],
  ],
  front: [
    'agents',
    'jute',
    'tree',
    'state',
    'auth',
    'ops',
    'processor',
    'ring',
    'net',
    'admin',
    'config',
  ],
  jobs: ['tree', 'storage', 'jute', 'state', 'ring'],
  thread: [
    ...[
      'ring',
      'agents',
      'front',
      'jute',
      'tree',
      'state',
      'auth',
      'storage',
      'zab',
      'election',
      'net',
    ],
    ...['admin', 'config', 'jobs'],
  ],
};
/** May import anything below: the composition root and what stands at the process's edge. */
const anything = ['cli', ''];
const pure = [
  'base',
  'jute',
  'tree',
  'state',
  'auth',
  'ops',
  'processor',
  'zab',
  'election',
  'config',
];
const pureBut: Record<string, RegExp> = { storage: /^node-/, check: /^node-/ };
const fileLinesMax = 400;
const folderFilesMax = 24;

interface Source {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly code: string;
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return name.endsWith('.ts') ? [path] : [];
  });
}

const sources: Source[] = filesBelow(src).map((path) => {
  const text = readFileSync(path, 'utf8');
  const inside = relative(src, path);
  return {
    path: inside,
    folder: inside.includes('/') ? dirname(inside) : '',
    text,
    code: text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, ''),
  };
});

function importsOf(source: Source): string[] {
  const statements = /^(?:import|export)\b[^;'=(]*?\bfrom\s*'([^']+)'|\bimport\s*\(?'([^']+)'\)?/gm;
  return [...source.code.matchAll(statements)].map((m) => m[1] ?? m[2]!);
}

function isPure(source: Source): boolean {
  if (pure.includes(source.folder)) return true;
  const except = pureBut[source.folder];
  return except !== undefined && !except.test(source.path.slice(source.folder.length + 1));
}

function offenders(check: (source: Source) => boolean): string[] {
  return sources.filter(check).map((source) => source.path);
}

describe('folders', () => {
  it('import only what stands below them', () => {
    const wrong: string[] = [];
    for (const source of sources) {
      if (anything.includes(source.folder)) continue;
      const allowed = mayImport[source.folder];
      expect(allowed, `${source.folder} has a row in this test`).toBeDefined();
      for (const target of importsOf(source).filter((name) => name.startsWith('.'))) {
        const folder = dirname(relative(src, join(src, dirname(source.path), target)));
        const fine = folder === source.folder || folder === 'base' || allowed!.includes(folder);
        if (!fine) wrong.push(`${source.path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('are one level deep and not crowded', () => {
    expect(offenders((source) => source.folder.includes('/'))).toEqual([]);
    const counts = new Map<string, number>();
    for (const { folder } of sources) counts.set(folder, (counts.get(folder) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > folderFilesMax)).toEqual([]);
  });
});

describe('pure folders', () => {
  it('import nothing from Node and no package but the ones made of plain functions', () => {
    const packages = ['snappyjs'];
    const wrong = sources.filter(isPure).flatMap((source) =>
      importsOf(source)
        .filter((name) => !name.startsWith('.') && !packages.includes(name))
        .map((name) => `${source.path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('know no clock, no randomness, no timers and no promises', () => {
    const forbidden =
      /\b(Date\.now|new Date\b|performance\.|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|Promise\b|async\b|await\b|process\.[a-z])/;
    expect(offenders((source) => isPure(source) && forbidden.test(source.code))).toEqual([]);
  });
});

describe('one place for each thing', () => {
  it('leaves Atomics to the rings and the tree', () => {
    const owners = ['ring', 'tree'];
    expect(
      offenders((source) => /\bAtomics\./.test(source.code) && !owners.includes(source.folder)),
    ).toEqual([]);
  });

  it('switches over op codes in the op table only', () => {
    const wrong = offenders(
      (source) =>
        /case OpCode\.(getData|exists|setWatches|getChildren)\b/.test(source.code) &&
        source.path !== 'ops/op-table.ts',
    );
    expect(wrong).toEqual([]);
  });

  it('ends the process in main.ts only', () => {
    expect(
      offenders((source) => /process\.exit\(/.test(source.code) && source.path !== 'main.ts'),
    ).toEqual([]);
  });
});

describe('files', () => {
  it('open with a comment that says what they own', () => {
    expect(offenders((source) => !/^(#!.*\n)?\/\*\*/.test(source.text))).toEqual([]);
  });

  it('stay readable in length', () => {
    expect(offenders((source) => source.text.split('\n').length > fileLinesMax)).toEqual([]);
  });

  it('export by name and hold one exported class at the most', () => {
    expect(offenders((source) => /^export default/m.test(source.code))).toEqual([]);
    const classes = (code: string) => (code.match(/^export (abstract )?class /gm) ?? []).length;
    const several = sources.filter((source) => classes(source.code) > 1);
    expect(
      several.map((source) => source.path).filter((path) => !classesTogether.has(path)),
    ).toEqual([]);
  });

  it('leave no debris', () => {
    expect(
      offenders((source) => /\bTODO\b|FIXME|XXX|@ts-ignore|console\.log/.test(source.text)),
    ).toEqual(
      ['main.ts'].filter((path) =>
        /console\.log/.test(sources.find((s) => s.path === path)?.text ?? ''),
      ),
    );
  });
});

/** A view and its writer, or a port and its error, which are read together. */
const classesTogether = new Set(['tree/acl-table.ts']);

describe('docs/architecture.md', () => {
  it('names only paths that exist', () => {
    const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
    const named = [...text.matchAll(/`((?:src|test|docs|conf|native-free-bench)\/[\w./-]*)`/g)];
    expect(named.length).toBeGreaterThan(10);
    const missing = named.map((m) => m[1]!).filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });
});
