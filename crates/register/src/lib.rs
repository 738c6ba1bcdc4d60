pub mod layers;
