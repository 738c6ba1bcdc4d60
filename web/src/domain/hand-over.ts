/** Hands a file to another program where the browser can, else saves it; a person who changes their mind is no fault. */
import { saveBlob } from '@/api/client';

export async function handOver(file: File): Promise<'shared' | 'saved' | 'left'> {
  if (navigator.canShare?.({ files: [file] })) {
    try {
      await navigator.share({ files: [file], title: file.name });
      return 'shared';
    } catch (problem) {
      if ((problem as Error).name === 'AbortError') return 'left';
      // Not allowed just now, or the other program is gone: the file is saved instead.
      console.warn(problem);
    }
  }
  saveBlob(file, file.name);
  return 'saved';
}
