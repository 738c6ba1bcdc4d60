import type { Map as MapLibre } from 'maplibre-gl';

import type { Shape, Symbol } from '@/domain/symbols';

const SIZE = 36;

/** Name of the picture of a symbol; drawn on first use. */
export function symbolImage(map: MapLibre, symbol: Symbol): string {
  const name = `${symbol.shape}-${symbol.colour}`;
  if (!map.hasImage(name)) map.addImage(name, paint(symbol), { pixelRatio: 2 });
  return name;
}

function paint({ colour, shape }: Symbol): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  if (!pen) throw new Error('no 2D canvas');
  pen.translate(SIZE / 2, SIZE / 2);
  pen.lineWidth = 4;
  pen.lineJoin = 'round';
  pen.strokeStyle = '#fff';
  pen.fillStyle = colour;
  outline(pen, shape);
  if (shape === 'ring') paintRing(pen, colour);
  else {
    pen.stroke();
    pen.fill();
  }
  return pen.getImageData(0, 0, SIZE, SIZE);
}

function paintRing(pen: CanvasRenderingContext2D, colour: string): void {
  pen.fillStyle = '#fff';
  pen.fill();
  pen.lineWidth = 6;
  pen.strokeStyle = colour;
  pen.stroke();
}

const CORNERS: Record<Exclude<Shape, 'circle' | 'ring' | 'cross'>, [count: number, turn: number, inner: number]> = {
  triangle: [3, -90, 1],
  square: [4, -45, 1],
  diamond: [4, -90, 1],
  star: [5, -90, 0.45],
};

function outline(pen: CanvasRenderingContext2D, shape: Shape): void {
  pen.beginPath();
  if (shape === 'circle' || shape === 'ring') pen.arc(0, 0, 11, 0, 7);
  else if (shape === 'cross') cross(pen);
  else polygon(pen, ...CORNERS[shape]);
  pen.closePath();
}

function polygon(pen: CanvasRenderingContext2D, count: number, turn: number, inner: number): void {
  const steps = inner === 1 ? count : count * 2;
  for (let i = 0; i < steps; i++) {
    const angle = ((turn + (360 / steps) * i) * Math.PI) / 180;
    const radius = 14 * (i % 2 === 1 ? inner : 1);
    const r = inner === 1 ? 14 : radius;
    pen.lineTo(r * Math.cos(angle), r * Math.sin(angle));
  }
}

function cross(pen: CanvasRenderingContext2D): void {
  const [a, b] = [4, 12];
  const points = [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a], [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]];
  pen.rotate(Math.PI / 4);
  for (const [x, y] of points) pen.lineTo(x!, y!);
}
