/** 画笔 — lines drawn with a finger upon a canvas. */
import { ref, type Ref } from 'vue';

export function usePen(board: Readonly<Ref<HTMLCanvasElement | null>>) {
  const isDrawn = ref(false);
  let isDown = false;
  const at = (event: PointerEvent): [number, number] => {
    const { left, top, width, height } = board.value!.getBoundingClientRect();
    return [((event.clientX - left) / width) * board.value!.width, ((event.clientY - top) / height) * board.value!.height];
  };
  /** White paper, and the pen that draws on it. */
  function begin(width: number, height: number, colour: string, thick: number): CanvasRenderingContext2D {
    [board.value!.width, board.value!.height] = [width, height];
    const pen = board.value!.getContext('2d')!;
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, width, height);
    [pen.strokeStyle, pen.lineWidth, pen.lineCap, pen.lineJoin] = [colour, thick, 'round', 'round'];
    isDrawn.value = false;
    return pen;
  }
  const down = (event: PointerEvent): void => {
    isDown = true;
    board.value?.setPointerCapture?.(event.pointerId);
    const pen = board.value?.getContext('2d');
    pen?.beginPath();
    pen?.moveTo(...at(event));
  };
  const move = (event: PointerEvent): void => {
    if (!isDown) return;
    const pen = board.value?.getContext('2d');
    pen?.lineTo(...at(event));
    pen?.stroke();
    isDrawn.value = true;
  };
  const up = (): void => void (isDown = false);
  const file = (name: string, type: 'image/png' | 'image/jpeg'): Promise<File> =>
    new Promise((done, fail) => board.value!.toBlob((blob) => (blob ? done(new File([blob], name, { type })) : fail(new Error('nothing was drawn'))), type, 0.85));
  return { isDrawn, begin, down, move, up, file };
}
