"""What methods are built of: settings, registry, checkpoints, backbones and pooling."""
