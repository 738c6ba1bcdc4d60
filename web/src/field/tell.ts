/** 一句话 — short notices; every press is answered by one. */
import { shallowRef } from 'vue';

import { Unreached } from '@/offline/http';
import { Left, NoRoom } from '@/offline/outbox';

import { t } from './msg';

const SHOWN_MS = 2_200;
const PROBLEM_MS = 5_000;
/** What is being said; shown above the tabs. */
export const said = shallowRef('');
let timer = 0;
function say(text: string, ms: number): void {
  clearTimeout(timer);
  said.value = text;
  timer = window.setTimeout(() => (said.value = ''), ms);
}

export const tell = (text: string): void => say(text, SHOWN_MS);
export const sentenceOf = (problem: unknown): string =>
  problem instanceof NoRoom ? t('no_room') : problem instanceof Left ? t('left') : problem instanceof Unreached ? t('unreached') : problem instanceof Error ? problem.message : String(problem);
export const tellProblem = (problem: unknown): void => say(sentenceOf(problem), PROBLEM_MS);
