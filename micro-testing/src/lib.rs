//! Processes, networks and registries that fail, for tests of services built with `micro`.
