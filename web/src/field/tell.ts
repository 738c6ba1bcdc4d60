/** 一句话 — short notices; every press is answered by one. */
import { showToast } from 'vant/es/toast';
import 'vant/es/toast/style/index.mjs';

import { NoRoom } from '@/offline/outbox';
import { Unreached } from '@/offline/http';

import { t } from './msg';

export const tell = (text: string): void => void showToast({ message: text, duration: 2200, wordBreak: 'break-all' });
export const sentenceOf = (problem: unknown): string =>
  problem instanceof NoRoom ? t('no_room') : problem instanceof Unreached ? t('unreached') : problem instanceof Error ? problem.message : String(problem);
export const tellProblem = (problem: unknown): void => void showToast({ message: sentenceOf(problem), duration: 5000, wordBreak: 'break-all' });
