import { expect, it } from 'vitest';

import { instant, splitWords } from './entry';

it('takes a day and a time for those of Beijing', () => {
  expect(instant('2019-08-16', '09:30')).toBe('2019-08-16T01:30:00.000Z');
  expect(instant('2019-08-16', '00:05')).toBe('2019-08-15T16:05:00.000Z');
});

it('parts words as people do', () => {
  expect(splitWords('护林员甲、护林员乙，驾驶员; ')).toEqual(['护林员甲', '护林员乙', '驾驶员']);
  expect(splitWords('  ')).toEqual([]);
});
