/** `npm run bench:micro [-- NAME...]`: pieces of `src` by themselves; NAME is a part of a subject's. */
import { subjects } from './index.ts';
import { type MicroResult, measureSubject } from './measure.ts';
import { type Subject, usualSize } from './subject.ts';

const maxSeconds = 1;

function chosen(parts: readonly string[]): readonly Subject[] {
  if (parts.length === 0) return subjects;
  return subjects.filter(({ name }) => parts.some((part) => name.includes(part)));
}

function lineOf({ name, opsPerSecond, marginPercent, ratio }: MicroResult): string {
  const figure = Math.round(opsPerSecond).toLocaleString('en').padStart(14);
  const beside = ratio === null ? '' : `  ${ratio.toFixed(1)}x the obvious way`;
  return `  ${name.padEnd(44)}${figure} ops/s ± ${marginPercent.toFixed(1).padStart(4)} %${beside}`;
}

const wanted = chosen(process.argv.slice(2));
if (wanted.length === 0) {
  console.error(`No such subject. There are ${subjects.map(({ name }) => name).join(', ')}.`);
  process.exitCode = 2;
}
for (const subject of wanted) {
  console.log(subject.name);
  for (const result of measureSubject(subject, usualSize, maxSeconds)) console.log(lineOf(result));
}
