/** A civil day and a time of day of the register's zone (UTC+8) as an instant. */
export const instant = (day: string, time: string): string => new Date(`${day}T${time}:00+08:00`).toISOString();

/** Words of one line, however people part them. */
export const splitWords = (text: string): string[] => text.split(/[、，,;；\n]+/).map((w) => w.trim()).filter(Boolean);
