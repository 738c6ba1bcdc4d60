import { expect, test } from 'vitest';

import type { Cell } from '@/api/patrols';

import { cellAt, emptyBoxes } from './net';

const cell = (row: number, column: number, passes = 0): Cell => ({ cell: `r${String(row).padStart(2, '0')}c${String(column).padStart(2, '0')}`, passes, minutes: 0, metres: 0, last_on: null, days_since: null, bbox: [column, row, column + 1, row + 1] });
const net = [cell(0, 0), cell(0, 1), cell(0, 2, 4), cell(0, 3), cell(1, 0), cell(1, 2)];

test('of a small net every empty cell is a box, of a large one neighbours in a row are one', () => {
  expect(emptyBoxes(net)).toHaveLength(5);
  expect(emptyBoxes(net, 1)).toEqual([[0, 0, 2, 1], [3, 0, 4, 1], [0, 1, 1, 2], [2, 1, 3, 2]]);
  expect(net[0]?.bbox).toEqual([0, 0, 1, 1]);
});

test('a tap finds its cell, and none beside the net', () => {
  expect(cellAt(net, 2.5, 0.5)?.cell).toBe('r00c02');
  expect(cellAt(net, 1.5, 1.5)).toBeUndefined();
});
