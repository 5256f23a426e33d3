"""What `import bundlekit` offers. The command line and the collection use it too."""
