import { t } from './msg';
import { type Measure, rangesOf } from './steps';

/** Words of the steps, as the legend tells them. */
export function legendOf(by: Measure): { colour: string; label: string }[] {
  return rangesOf(by).map(({ colour, from, to }) => {
    if (to === undefined) return { colour, label: t(by === 'passes' ? 'passes_more' : 'minutes_more', { from }) };
    if (by === 'minutes') return { colour, label: t('minutes_range', { from, to }) };
    return { colour, label: to - 1 === from ? t('passes_one', { from }) : t('passes', { from, to: to - 1 }) };
  });
}
