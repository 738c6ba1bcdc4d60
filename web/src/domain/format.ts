/** How numbers, areas, days and places are written for people. */
import { language } from './msg';

const MU_PER_M2 = 15 / 10_000;

export const number = (n: number, digits = 0): string =>
  n.toLocaleString('zh-CN', { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const hectares = (area_m2: number): number => area_m2 / 10_000;
export const mu = (area_m2: number): number => area_m2 * MU_PER_M2;

/** 1 234.5 m² (0.12 公顷，1.85 亩): all three, because papers ask for all three. */
export function area(area_m2: number | null | undefined): string {
  if (area_m2 === null || area_m2 === undefined) return '';
  const units = language === 'en' ? ['m²', 'ha', 'mu'] : ['平方米', '公顷', '亩'];
  return `${number(area_m2, 1)} ${units[0]}（${number(hectares(area_m2), 4)} ${units[1]}，${number(mu(area_m2), 2)} ${units[2]}）`;
}

export function distance(length_m: number): string {
  if (length_m < 1000) return `${number(length_m, 1)} ${language === 'en' ? 'm' : '米'}`;
  return `${number(length_m / 1000, 3)} ${language === 'en' ? 'km' : '公里'}`;
}

export const lonLat = (lon: number, lat: number): string => `${lon.toFixed(6)}°E, ${lat.toFixed(6)}°N`;

/** Degrees, minutes and seconds as ledgers print them. */
export function dms(value: number, positive: string, negative: string): string {
  const tenths = Math.round(Math.abs(value) * 36_000);
  const degrees = Math.floor(tenths / 36_000);
  const minutes = Math.floor((tenths % 36_000) / 600);
  const seconds = ((tenths % 600) / 10).toFixed(1);
  return `${degrees}°${String(minutes).padStart(2, '0')}′${seconds.padStart(4, '0')}″${value < 0 ? negative : positive}`;
}

const CHINA = { timeZone: 'Asia/Shanghai', hourCycle: 'h23' } as const;

/** A day of UTC+8. */
export const day = (instant: string): string =>
  /^\d{4}-\d{2}-\d{2}$/.test(instant)
    ? instant
    : new Intl.DateTimeFormat('sv-SE', { ...CHINA, dateStyle: 'short' }).format(new Date(instant));

/** Day and minute in UTC+8. */
export function moment(instant: string | null | undefined): string {
  if (!instant) return '';
  if (/^\d{4}-\d{2}-\d{2}$/.test(instant)) return instant;
  return new Intl.DateTimeFormat('sv-SE', { ...CHINA, dateStyle: 'short', timeStyle: 'short' }).format(new Date(instant));
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${(size / 1024).toFixed(1)} KB`;
  return `${(size / 1024 / 1024).toFixed(1)} MB`;
}

export const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;

/** Today in China, for defaults of date fields. */
export const today = (): string => day(new Date().toISOString());
