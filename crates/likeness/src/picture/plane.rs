//! A grey picture as numbers: brought to a fixed area, blurred, read between its points.

use crate::error::Error;

/// Row by row; values 0 to 255 unless said otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

/// What of one axis of the source goes into one output position.
struct Span {
    from: usize,
    weights: Vec<f32>,
}

impl Plane {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            values: vec![0.0; width * height],
        }
    }

    /// The picture scaled so that it covers about `area` points, its sides in proportion (at most 1 : 16).
    pub(super) fn framed(width: u32, height: u32, pixels: &[u8], area: f32) -> Result<Self, Error> {
        let (w, h) = (width as usize, height as usize);
        if pixels.is_empty() || w.checked_mul(h) != Some(pixels.len()) {
            return Err(Error::Shape {
                width,
                height,
                found: pixels.len(),
            });
        }
        let aspect = (w as f32 / h as f32).clamp(1.0 / 16.0, 16.0);
        let (out_w, out_h) = (
            (area * aspect).sqrt().round().max(1.0) as usize,
            (area / aspect).sqrt().round().max(1.0) as usize,
        );
        Ok(resample(w, h, pixels, out_w, out_h))
    }

    #[inline]
    pub(super) fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }

    /// The value between four points; positions outside take the nearest edge. Point (0, 0) has its middle at (0, 0).
    #[inline]
    pub(super) fn between(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(self.width - 1), (y0 + 1).min(self.height - 1));
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let above = self.at(x0, y0) * (1.0 - fx) + self.at(x1, y0) * fx;
        let below = self.at(x0, y1) * (1.0 - fx) + self.at(x1, y1) * fx;
        above * (1.0 - fy) + below * fy
    }

    /// Blurred by a Gaussian of `sigma` points, edges repeated.
    pub(super) fn blurred(&self, sigma: f32) -> Self {
        let radius = (sigma * 3.0).ceil().max(1.0) as usize;
        let mut kernel: Vec<f32> = (0..=2 * radius)
            .map(|i| {
                let d = i as f32 - radius as f32;
                (-d * d / (2.0 * sigma * sigma)).exp()
            })
            .collect();
        let sum: f32 = kernel.iter().sum();
        kernel.iter_mut().for_each(|k| *k /= sum);
        self.along_rows(&kernel).along_columns(&kernel)
    }

    fn along_rows(&self, kernel: &[f32]) -> Self {
        let radius = kernel.len() / 2;
        let mut out = Self::new(self.width, self.height);
        let mut padded = vec![0.0; self.width + 2 * radius];
        for (row, target) in self
            .values
            .chunks_exact(self.width)
            .zip(out.values.chunks_exact_mut(self.width))
        {
            padded[..radius].fill(row[0]);
            padded[radius..radius + self.width].copy_from_slice(row);
            padded[radius + self.width..].fill(row[self.width - 1]);
            for (i, k) in kernel.iter().enumerate() {
                for (t, p) in target.iter_mut().zip(&padded[i..]) {
                    *t += k * p;
                }
            }
        }
        out
    }

    fn along_columns(&self, kernel: &[f32]) -> Self {
        let radius = kernel.len() / 2;
        let mut out = Self::new(self.width, self.height);
        for (y, target) in out.values.chunks_exact_mut(self.width).enumerate() {
            for (i, k) in kernel.iter().enumerate() {
                let from = (y + i).saturating_sub(radius).min(self.height - 1) * self.width;
                for (t, p) in target.iter_mut().zip(&self.values[from..]) {
                    *t += k * p;
                }
            }
        }
        out
    }
}

/// Shares of source positions per output position: the mean over what it covers when shrinking, a straight line between
/// neighbours when growing.
fn spans(source: usize, target: usize) -> Vec<Span> {
    let step = source as f32 / target as f32;
    (0..target)
        .map(|i| {
            if step <= 1.0 {
                let middle = ((i as f32 + 0.5) * step - 0.5).clamp(0.0, (source - 1) as f32);
                let from = (middle as usize).min(source.saturating_sub(2));
                let share = middle - from as f32;
                let weights = if source == 1 {
                    vec![1.0]
                } else {
                    vec![1.0 - share, share]
                };
                return Span { from, weights };
            }
            let (start, end) = (i as f32 * step, ((i + 1) as f32 * step).min(source as f32));
            let from = (start as usize).min(source - 1);
            let to = (end.ceil() as usize).clamp(from + 1, source);
            let covered: Vec<f32> = (from..to)
                .map(|p| (end.min((p + 1) as f32) - start.max(p as f32)).max(0.0))
                .collect();
            let sum: f32 = covered.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            Span {
                from,
                weights: covered.iter().map(|c| c / sum).collect(),
            }
        })
        .collect()
}

fn resample(w: usize, h: usize, pixels: &[u8], out_w: usize, out_h: usize) -> Plane {
    let (columns, rows) = (spans(w, out_w), spans(h, out_h));
    let mut out = Plane::new(out_w, out_h);
    let mut line = vec![0.0_f32; w];
    for (row, target) in rows.iter().zip(out.values.chunks_exact_mut(out_w)) {
        line.fill(0.0);
        for (i, weight) in row.weights.iter().enumerate() {
            let source = &pixels[(row.from + i) * w..][..w];
            for (l, p) in line.iter_mut().zip(source) {
                *l += weight * f32::from(*p);
            }
        }
        for (column, t) in columns.iter().zip(target) {
            *t = column
                .weights
                .iter()
                .zip(&line[column.from..])
                .map(|(weight, l)| weight * l)
                .sum();
        }
    }
    out
}
