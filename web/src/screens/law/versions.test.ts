import { expect, test } from 'vitest';

import type { Clause } from '@/api/wire';

import { byLaw, versionsOf } from './versions';

const clause = (id: string, law: string, successors: string[] = []): Clause => ({ id, title: id, law, is_read: true, successors });
const all = [clause('N94-26', '条例', ['N26-26', 'N26-27']), clause('N26-26', '新条例'), clause('N94-32', '条例'), clause('N26-27', '新条例')];

test('a clause knows what it followed and what followed it', () => {
  expect(versionsOf(all[0]!, all).after.map((c) => c.id)).toEqual(['N26-26', 'N26-27']);
  expect(versionsOf(all[1]!, all).before.map((c) => c.id)).toEqual(['N94-26']);
});

test('clauses stand under their law', () => expect(byLaw(all).map((g) => [g.law, g.clauses.length])).toEqual([['条例', 2], ['新条例', 2]]));
