//! 方位 — the eight ways a rectangle can be laid down: four turns, each also mirrored.

/// How a picture has to be turned or mirrored to lie as the other one does. The numbers of [`Orientation::exif`] are those
/// of the EXIF tag 0x0112 that asks a viewer for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Orientation {
    /// As it is.
    Upright,
    /// Left and right exchanged.
    MirroredHorizontally,
    /// Turned by 180°.
    Rotated180,
    /// Above and below exchanged.
    MirroredVertically,
    /// Mirrored at the diagonal from the upper left.
    Transposed,
    /// Turned by 90° clockwise.
    Rotated90,
    /// Mirrored at the diagonal from the upper right.
    Transversed,
    /// Turned by 270° clockwise.
    Rotated270,
}

impl Orientation {
    /// All eight, in the order of the EXIF tag.
    pub const ALL: [Self; 8] = [
        Self::Upright,
        Self::MirroredHorizontally,
        Self::Rotated180,
        Self::MirroredVertically,
        Self::Transposed,
        Self::Rotated90,
        Self::Transversed,
        Self::Rotated270,
    ];

    /// The value of the EXIF orientation tag, 1 to 8.
    pub fn exif(self) -> u8 {
        self as u8 + 1
    }

    /// Whether left and right are exchanged, however it is turned.
    pub fn is_mirrored(self) -> bool {
        let [[a, b], [c, d]] = self.matrix();
        a * d - b * c < 0
    }

    /// Applies `self` first and `then` afterwards.
    pub fn followed_by(self, then: Self) -> Self {
        let ([[a, b], [c, d]], [[e, f], [g, h]]) = (then.matrix(), self.matrix());
        Self::of_matrix([
            [a * e + b * g, a * f + b * h],
            [c * e + d * g, c * f + d * h],
        ])
    }

    /// What undoes it.
    pub fn inverse(self) -> Self {
        let [[a, b], [c, d]] = self.matrix();
        Self::of_matrix([[a, c], [b, d]])
    }

    /// Where a point lies afterwards, measured from the middle of the picture, second axis downwards.
    pub(crate) fn turn(self, (x, y): (f32, f32)) -> (f32, f32) {
        let [[a, b], [c, d]] = self.matrix().map(|row| row.map(f32::from));
        (a * x + b * y, c * x + d * y)
    }

    pub(crate) fn matrix(self) -> [[i8; 2]; 2] {
        match self {
            Self::Upright => [[1, 0], [0, 1]],
            Self::MirroredHorizontally => [[-1, 0], [0, 1]],
            Self::Rotated180 => [[-1, 0], [0, -1]],
            Self::MirroredVertically => [[1, 0], [0, -1]],
            Self::Transposed => [[0, 1], [1, 0]],
            Self::Rotated90 => [[0, -1], [1, 0]],
            Self::Transversed => [[0, -1], [-1, 0]],
            Self::Rotated270 => [[0, 1], [-1, 0]],
        }
    }

    fn of_matrix(matrix: [[i8; 2]; 2]) -> Self {
        Self::ALL
            .into_iter()
            .find(|o| o.matrix() == matrix)
            .unwrap_or(Self::Upright)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eight_form_a_group() {
        for a in Orientation::ALL {
            assert_eq!(a.followed_by(a.inverse()), Orientation::Upright);
            for b in Orientation::ALL {
                let p = (3.0, 5.0);
                assert_eq!(a.followed_by(b).turn(p), b.turn(a.turn(p)));
                assert_eq!(
                    a.followed_by(b).is_mirrored(),
                    a.is_mirrored() != b.is_mirrored()
                );
            }
        }
    }
}
