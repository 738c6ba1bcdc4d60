//! Outlines as blocks of edges in a grid of cells.

use std::num::NonZeroUsize;

use super::clip::{Clip, turns_on_the_way};
use super::cover::{Cover, RowCrossing, cross_rows};
use super::grid::{CellRange, Grid};
use super::shape::{
    Bounds, Dimension, Shape, all_sound, is_sound, orient_ring, segment_distance_squared,
};
use crate::authalic::Measure;
use crate::gpb::{Blob, GpbError, Part};

/// Edges per block.
const BLOCK: usize = 16;
/// Cells per block of edges.
const CELLS_PER_BLOCK: usize = 4;
/// Cells a block may cover on average before the grid is made coarser.
const MOST_CELLS_OF_BLOCKS: usize = 32;

/// More edges than 32-bit numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("outlines have more than {} edges", u32::MAX)]
pub struct OutlinesTooLarge;

/// Consecutive edges of one ring.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// Rounded outward.
    bounds: [f32; 4],
    /// First point, in the points of the part.
    first: u32,
    outline: u32,
    part: u16,
    edges: u8,
    /// The block begins where the block before it ended.
    continues: bool,
}

impl Block {
    fn bounds(&self) -> Bounds {
        let [min_x, min_y, max_x, max_y] = self.bounds.map(f64::from);
        Bounds {
            min: [min_x, min_y],
            max: [max_x, max_y],
        }
    }
}

/// Some of the outlines, read on one thread.
#[derive(Debug, Default)]
pub struct OutlinePart {
    points: Vec<[f64; 2]>,
    blocks: Vec<Block>,
    outlines: u32,
    bounds: Option<Bounds>,
}

/// Outlines that geometries are laid over; outlines may overlap.
#[derive(Debug)]
pub struct OutlineIndex {
    parts: Vec<Vec<[f64; 2]>>,
    blocks: Vec<Block>,
    grid: Grid,
    cover: Cover,
    /// Where the entries of a cell begin.
    starts: Vec<u32>,
    /// Blocks by cell, ascending in each.
    entries: Vec<u32>,
    outlines: u32,
}

/// What one outline holds of a geometry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Number of the outline, in the order they were added.
    pub outline: u32,
    /// Area, length or number of points inside.
    pub measure: f64,
    /// The geometry lies inside as a whole and no edge of the outline comes near.
    pub whole: bool,
}

/// Memory of a query, reusable.
#[derive(Debug, Default)]
pub struct Scratch {
    clip: Clip,
    blocks: Vec<u32>,
    windings: Vec<(u32, i32)>,
}

impl OutlinePart {
    /// A part with room for `points`.
    pub fn with_capacity(points: usize) -> Self {
        Self {
            points: Vec::with_capacity(points),
            ..Self::default()
        }
    }

    /// How many outlines were added.
    pub fn outlines(&self) -> u32 {
        self.outlines
    }

    /// Adds the polygons of a blob as the next outline; returns whether all coordinates are usable.
    ///
    /// An outline with a coordinate that is not a number, or beyond all measure, stays empty.
    pub fn add_blob(&mut self, blob: &Blob<'_>) -> Result<bool, GpbError> {
        let (points, blocks) = (self.points.len(), self.blocks.len());
        let read = blob.visit(|part| match part {
            Part::Exterior(ring) | Part::Interior(ring) => {
                let start = self.points.len();
                ring.append_to(&mut self.points);
                self.finish_ring(start, matches!(part, Part::Exterior(_)));
            }
            Part::Point(_) | Part::Line(_) => {}
        });
        if read.is_err() {
            self.points.truncate(points);
            self.blocks.truncate(blocks);
        }
        read?;
        Ok(self.finish_outline(points, blocks))
    }

    /// Adds an area as the next outline. Its rings already run the right way.
    pub fn add_shape(&mut self, shape: &Shape) -> bool {
        let (points, blocks) = (self.points.len(), self.blocks.len());
        for chain in shape.chains() {
            let start = self.points.len();
            self.points.extend_from_slice(chain);
            self.cut_blocks(start);
        }
        self.finish_outline(points, blocks)
    }

    fn finish_ring(&mut self, start: usize, exterior: bool) {
        if orient_ring(&mut self.points, start, exterior) {
            self.cut_blocks(start);
        }
    }

    fn cut_blocks(&mut self, start: usize) {
        let last = self.points.len() - 1;
        for first in (start..last).step_by(BLOCK) {
            let end = last.min(first + BLOCK);
            self.blocks.push(Block {
                bounds: rounded_outward(&Bounds::of(&self.points[first..=end])),
                first: u32::try_from(first).unwrap_or(u32::MAX),
                outline: self.outlines,
                part: 0,
                edges: (end - first) as u8,
                continues: first > start,
            });
        }
    }

    fn finish_outline(&mut self, points: usize, blocks: usize) -> bool {
        self.outlines += 1;
        let own = &self.points[points..];
        let sound = all_sound(own);
        if sound {
            let bounds = Bounds::of(own);
            self.bounds = Some(self.bounds.map_or(bounds, |b| b.union(bounds)));
        } else {
            self.points.truncate(points);
            self.blocks.truncate(blocks);
        }
        sound
    }
}

impl OutlineIndex {
    /// Indexes the outlines of all parts; they are numbered on through the parts in order.
    pub fn build(parts: Vec<OutlinePart>) -> Result<Self, OutlinesTooLarge> {
        let bounds = parts
            .iter()
            .filter_map(|part| part.bounds)
            .fold(Bounds::EMPTY, Bounds::union);
        let mut index = Self::gather(parts)?;
        index.grid = index.fitting_grid(bounds);
        index.classify_cells();
        index.sort_into_cells()?;
        Ok(index)
    }

    fn gather(parts: Vec<OutlinePart>) -> Result<Self, OutlinesTooLarge> {
        let mut index = Self {
            parts: Vec::with_capacity(parts.len()),
            blocks: Vec::new(),
            grid: Grid::over(Bounds::EMPTY, 1),
            cover: Cover::new(0),
            starts: Vec::new(),
            entries: Vec::new(),
            outlines: 0,
        };
        for part in parts {
            if part.points.len() >= u32::MAX as usize {
                return Err(OutlinesTooLarge);
            }
            let number = u16::try_from(index.parts.len()).map_err(|_source| OutlinesTooLarge)?;
            let before = index.outlines;
            let numbered = |b: Block| Block {
                outline: before + b.outline,
                part: number,
                ..b
            };
            if index.blocks.is_empty() {
                index.blocks = part.blocks;
                index.blocks.iter_mut().for_each(|b| *b = numbered(*b));
            } else {
                index.blocks.extend(part.blocks.into_iter().map(numbered));
            }
            index.parts.push(part.points);
            index.outlines += part.outlines;
        }
        Ok(index)
    }

    /// A grid fine enough for short edges, and so coarse that blocks of long ones do not fill memory.
    fn fitting_grid(&self, bounds: Bounds) -> Grid {
        let most = self.blocks.len() * MOST_CELLS_OF_BLOCKS + 4096;
        let mut cells = self.blocks.len() * CELLS_PER_BLOCK;
        loop {
            let grid = Grid::over(bounds, cells);
            let entries: usize = self
                .blocks
                .iter()
                .map(|block| grid.range(&block.bounds()).count())
                .sum();
            if entries <= most || cells <= 1 {
                return grid;
            }
            cells /= 4;
        }
    }

    /// Finds the outlines that hold the centre of each cell.
    fn classify_cells(&mut self) {
        let mut cover = Cover::new(self.grid.cells());
        let halves: Vec<&[Block]> = split_by_outline(&self.blocks, threads());
        let found: Vec<Vec<(u32, Vec<RowCrossing>)>> = match halves.as_slice() {
            // Where there is one thread, there may be no second one to start (phones).
            [all] => vec![self.row_crossings(all)],
            _ => std::thread::scope(|scope| {
                let jobs: Vec<_> = halves
                    .into_iter()
                    .map(|half| scope.spawn(|| self.row_crossings(half)))
                    .collect();
                jobs.into_iter()
                    .map(|job| job.join().expect("the job holds no code that panics"))
                    .collect()
            }),
        };
        for (outline, mut crossings) in found.into_iter().flatten() {
            cover.add(&self.grid, outline, &mut crossings);
        }
        self.cover = cover;
    }

    fn row_crossings(&self, blocks: &[Block]) -> Vec<(u32, Vec<RowCrossing>)> {
        let mut found = Vec::new();
        for outline in blocks.chunk_by(|a, b| a.outline == b.outline) {
            let mut crossings = Vec::new();
            outline
                .iter()
                .for_each(|block| cross_rows(&self.grid, self.run(block), &mut crossings));
            if !crossings.is_empty() {
                found.push((outline[0].outline, crossings));
            }
        }
        found
    }

    /// Lists the blocks by cell: counts, then places.
    fn sort_into_cells(&mut self) -> Result<(), OutlinesTooLarge> {
        let mut starts = vec![0_u32; self.grid.cells() + 1];
        let mut total = 0_u64;
        for block in &self.blocks {
            self.each_cell(block, |cell| {
                starts[cell + 1] += 1;
                total += 1;
            });
        }
        u32::try_from(total).map_err(|_source| OutlinesTooLarge)?;
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut entries = vec![0_u32; total as usize];
        for (number, block) in self.blocks.iter().enumerate() {
            self.each_cell(block, |cell| {
                entries[next[cell] as usize] = number as u32;
                next[cell] += 1;
            });
        }
        (self.starts, self.entries) = (starts, entries);
        Ok(())
    }

    fn each_cell(&self, block: &Block, mut each: impl FnMut(usize)) {
        let [min_x, min_y, max_x, max_y] = block.bounds.map(f64::from);
        let range = self.grid.range(&Bounds {
            min: [min_x, min_y],
            max: [max_x, max_y],
        });
        for row in range.rows[0]..=range.rows[1] {
            for column in range.columns[0]..=range.columns[1] {
                each(self.grid.cell(column, row));
            }
        }
    }

    /// How many outlines there are.
    pub fn outlines(&self) -> u32 {
        self.outlines
    }

    #[inline]
    fn run(&self, block: &Block) -> &[[f64; 2]] {
        let first = block.first as usize;
        &self.parts[usize::from(block.part)][first..=first + usize::from(block.edges)]
    }

    #[inline]
    fn in_cell(&self, cell: usize) -> &[u32] {
        &self.entries[self.starts[cell] as usize..self.starts[cell + 1] as usize]
    }

    /// What each outline holds of `shape`, by number of the outline; `total` is the measure of the whole shape.
    ///
    /// Points are counted, whatever `measure`.
    pub fn overlay(
        &self,
        shape: &Shape,
        measure: &impl Measure,
        total: f64,
        scratch: &mut Scratch,
        shares: &mut Vec<Share>,
    ) {
        shares.clear();
        let Some(&anchor) = shape.points().first() else {
            return;
        };
        self.blocks_near(&shape.bounds(), &mut scratch.blocks);
        self.windings_at(anchor, &mut scratch.windings);
        self.clip_near(shape, measure, scratch, shares);
        for &(outline, winding) in &scratch.windings {
            if winding != 0 && !shares.iter().any(|share| share.outline == outline) {
                shares.push(Share {
                    outline,
                    measure: total,
                    whole: true,
                });
            }
        }
        shares.retain(|share| share.measure > 0.0);
        shares.sort_unstable_by_key(|share| share.outline);
    }

    fn clip_near(
        &self,
        shape: &Shape,
        measure: &impl Measure,
        scratch: &mut Scratch,
        shares: &mut Vec<Share>,
    ) {
        let Scratch {
            clip,
            blocks,
            windings,
        } = scratch;
        for own in blocks
            .chunk_by(|a, b| self.blocks[*a as usize].outline == self.blocks[*b as usize].outline)
        {
            let outline = self.blocks[own[0] as usize].outline;
            let winding = windings.iter().find(|w| w.0 == outline).map_or(0, |w| w.1);
            clip.start(shape);
            self.clip_runs(shape, measure, own, clip);
            let inside = match shape.dimension() {
                Dimension::Point => clip.points_inside(winding) as f64,
                Dimension::Line | Dimension::Area => clip.finish(shape, measure, winding),
            };
            shares.push(Share {
                outline,
                measure: inside,
                whole: false,
            });
        }
    }

    fn clip_runs(&self, shape: &Shape, measure: &impl Measure, blocks: &[u32], clip: &mut Clip) {
        let mut before = (u32::MAX, 0);
        for &number in blocks {
            let block = &self.blocks[number as usize];
            let known = (block.continues && number == before.0.wrapping_add(1)).then_some(before.1);
            before = (
                number,
                clip.run(shape, measure, self.run(block), &block.bounds(), known),
            );
        }
    }

    /// The blocks whose bounds meet `bounds`, ascending.
    fn blocks_near(&self, bounds: &Bounds, near: &mut Vec<u32>) {
        near.clear();
        let range = self.grid.range(bounds);
        let bounds = rounded_outward(bounds);
        if range.count() > self.blocks.len() {
            near.extend(
                (0..self.blocks.len() as u32)
                    .filter(|b| meets(&self.blocks[*b as usize].bounds, &bounds)),
            );
            return;
        }
        self.blocks_of_cells(range, &bounds, near);
        if !range.is_one() {
            near.sort_unstable();
            near.dedup();
        }
    }

    fn blocks_of_cells(&self, range: CellRange, bounds: &[f32; 4], near: &mut Vec<u32>) {
        for row in range.rows[0]..=range.rows[1] {
            for column in range.columns[0]..=range.columns[1] {
                let own = self.in_cell(self.grid.cell(column, row));
                near.extend(
                    own.iter()
                        .filter(|b| meets(&self.blocks[**b as usize].bounds, bounds)),
                );
            }
        }
    }

    /// How often each outline goes round `p`: as round the centre of its cell, and the edges crossed on the way.
    fn windings_at(&self, p: [f64; 2], windings: &mut Vec<(u32, i32)>) {
        windings.clear();
        let cell = self.grid.cell_at(p);
        windings.extend(self.cover.at(cell).iter().map(|outline| (*outline, 1)));
        let own = self.in_cell(cell);
        if own.is_empty() {
            return;
        }
        let center = self.grid.center_at(p);
        let way = Bounds::of(&[center, p]);
        let rounded = rounded_outward(&way);
        for block in own
            .iter()
            .map(|b| &self.blocks[*b as usize])
            .filter(|b| meets(&b.bounds, &rounded))
        {
            let turn = turns_on_the_way(center, p, &way, self.run(block));
            if turn != 0 {
                match windings.iter_mut().find(|w| w.0 == block.outline) {
                    Some(winding) => winding.1 += turn,
                    None => windings.push((block.outline, turn)),
                }
            }
        }
    }

    /// The outlines that hold a position, ascending; one exactly on a border is given to one side of it.
    pub fn outlines_at(&self, p: [f64; 2]) -> Vec<u32> {
        let mut windings = Vec::new();
        if is_sound(p) {
            self.windings_at(p, &mut windings);
        }
        let mut outlines: Vec<u32> = windings
            .into_iter()
            .filter(|w| w.1 != 0)
            .map(|w| w.0)
            .collect();
        outlines.sort_unstable();
        outlines
    }

    /// The outlines with a border within `reach` of a position, ascending; axes are scaled by `scale` first.
    pub fn borders_within(&self, p: [f64; 2], reach: f64, scale: [f64; 2]) -> Vec<u32> {
        let bounds = Bounds { min: p, max: p }.grown(reach / scale[0], reach / scale[1]);
        let mut near = Vec::new();
        self.blocks_near(&bounds, &mut near);
        let close = |block: &Block| {
            let edges = self.run(block).windows(2).map(|e| [e[0], e[1]]);
            edges
                .into_iter()
                .any(|edge| segment_distance_squared(p, edge, scale) <= reach * reach)
        };
        let blocks = near
            .into_iter()
            .map(|b| &self.blocks[b as usize])
            .filter(|b| close(b));
        let mut outlines: Vec<u32> = blocks.map(|b| b.outline).collect();
        outlines.dedup();
        outlines
    }
}

/// How many threads help, two at most being worth their start here.
fn threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, NonZeroUsize::get)
        .min(2)
}

/// The blocks in about equal pieces, no outline cut in two.
fn split_by_outline(blocks: &[Block], pieces: usize) -> Vec<&[Block]> {
    let mut split = Vec::new();
    let mut rest = blocks;
    for left in (1..=pieces).rev() {
        let mut at = rest.len() / left;
        while at > 0 && at < rest.len() && rest[at].outline == rest[at - 1].outline {
            at += 1;
        }
        let (head, tail) = rest.split_at(at);
        split.push(head);
        rest = tail;
    }
    split
}

/// The box in single precision, never smaller.
fn rounded_outward(bounds: &Bounds) -> [f32; 4] {
    let down = |v: f64| {
        if f64::from(v as f32) > v {
            (v as f32).next_down()
        } else {
            v as f32
        }
    };
    let up = |v: f64| {
        if f64::from(v as f32) < v {
            (v as f32).next_up()
        } else {
            v as f32
        }
    };
    [
        down(bounds.min[0]),
        down(bounds.min[1]),
        up(bounds.max[0]),
        up(bounds.max[1]),
    ]
}

#[inline]
fn meets(a: &[f32; 4], b: &[f32; 4]) -> bool {
    a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1]
}
