import { expect, test } from 'vitest';

import { onTheSpot, statable } from './asked';

const yesNo = [{ value: 'y', label: '是' }, { value: 'n', label: '否' }];
const asked = (fact: string, more: object = {}) => ({ fact, label: fact, answers: yesNo, ...more });

test('asked on the spot is what can be seen there and what the register takes as an answer', () => {
  const questions = [asked('adverse', { asked_of: 'office' }), asked('livelihood', { asked_of: 'station' }), asked('false_alarm'), asked('zone', { is_computed: true }), asked('built', { is_day: true }), asked('activity_subtype')];
  expect(onTheSpot(questions).map((q) => q.fact)).toEqual(['livelihood']);
});

test('before or after the reserve is answered as such, not as a day', () => {
  const built = { fact: 'built', label: '建设时间', asked_of: 'station', answers: [{ value: 'pre', label: '…2003-08-31' }, { value: 'post', label: '2003-09-01…' }, { value: '2005-01-01…', label: '2005-01-01…' }] };
  expect(onTheSpot([built])).toEqual([{ ...built, fact: 'set', answers: built.answers.slice(0, 2) }]);
});

test('what no phone may state does not go into the entry', () => {
  expect(statable({ livelihood: 'y', built: 'pre', activity_subtype: 'clay' })).toEqual({ livelihood: 'y' });
});
