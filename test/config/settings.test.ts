/** The settings table itself, and the page that is made from it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { latin1Text, parseProperties } from '../../src/config/properties.ts';
import { isMembershipKey } from '../../src/config/server-lines.ts';
import {
  keyOfName,
  keyOfProperty,
  keyOfVariable,
  propertyOf,
  settingNames,
  settingRows,
} from '../../src/config/settings.ts';
import { renderSettingsDoc } from '../../src/config/settings-doc.ts';
import { editDistance, suggest } from '../../src/config/suggest.ts';

const root = new URL('../../', import.meta.url);

test('docs/configuration.md is what the table says', () => {
  const page = new URL('docs/configuration.md', root);
  const { UPDATE_DOCS } = process.env;
  if (UPDATE_DOCS === '1') writeFileSync(page, renderSettingsDoc());
  expect(readFileSync(page, 'utf8')).toBe(renderSettingsDoc());
});

/** All source text but the rows themselves, and outside of tests. */
function sourceText(): string {
  const src = new URL('src/', root);
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' });
  const read = names.filter((name) => name.endsWith('.ts') && !name.startsWith('config/settings'));
  return read.map((name) => readFileSync(new URL(name, src), 'utf8')).join('\n');
}

test('a setting that is said to work is read by the server', () => {
  const source = sourceText();
  const working = [...settingRows].filter(([, { details }]) => details.status === 'works');
  const unread = working.filter(([key]) => {
    const isPlain = /^[A-Za-z]\w*$/.test(key);
    return !source.includes(`settings['${key}']`) && !(isPlain && isMember(source, key));
  });
  expect(working.length).toBeGreaterThan(30);
  expect(unread.map(([key]) => key)).toEqual([]);
});

function isMember(source: string, key: string): boolean {
  return new RegExp(`settings\\.${key}\\b`).test(source);
}

test('every default is a value that its kind shows and reads back', () => {
  for (const [key, { kind, initial, details }] of settingRows) {
    const shown = kind.show(initial);
    if (initial !== null && shown !== '') expect([key, kind.strict(shown)]).toEqual([key, initial]);
    expect(details.means, key).toMatch(/^[A-Z].*\.$/);
  }
});

test('every key is found by its own name, its property and its variable', () => {
  for (const key of settingRows.keys()) {
    expect(keyOfName(key)).toBe(key);
    expect(keyOfProperty(propertyOf(key as never) ?? key)).toBe(key);
    const variable = key.replace('ringkeeper.', '').toUpperCase().replaceAll('.', '_');
    expect(keyOfVariable(variable)).toBe(key);
  }
});

test('no setting looks like a line of the membership', () => {
  expect(settingNames.filter(isMembershipKey)).toEqual([]);
});

test('every key of the sample conf/zoo.cfg is known, commented out or not', () => {
  const sample = latin1Text(readFileSync(new URL('conf/zoo.cfg', root)));
  const uncommented = sample.replace(/^# ?([\w.]+=)/gm, '$1');
  const keys = [...parseProperties(uncommented, 'conf/zoo.cfg').keys()];
  expect(keys.filter((key) => !isMembershipKey(key) && keyOfName(key) === undefined)).toEqual([]);
  expect(keys.length).toBeGreaterThan(20);
});

test('edits are counted, and a swap of neighbours is one', () => {
  expect(editDistance('kitten', 'sitting', 9)).toBe(3);
  expect(editDistance('ab', 'ba', 9)).toBe(1);
  expect(editDistance('', 'abc', 9)).toBe(3);
  expect(editDistance('abcdef', 'a', 2)).toBeGreaterThan(2);
});

test('the nearest of several names is suggested, and none that is far', () => {
  expect(suggest('snapCont', ['commitLogCount', 'snapCount', 'snapshot'])).toBe('snapCount');
  expect(suggest('xyz', ['snapCount'])).toBeNull();
});
