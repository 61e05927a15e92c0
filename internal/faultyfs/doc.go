// Package faultyfs runs a program on a disk that fails, for tests: nothing is
// mocked, and the program under test is the real one with all of its libraries.
//
// Linux can ask another process what to do with a system call (seccomp user
// notification, no privilege needed). [Run] starts a program of which every
// call that changes a file is asked about, and a test decides for those below
// one folder: let it happen, fail with an error, let a part of a write happen,
// or kill the program there. Everything outside that folder is let through.
//
// A program comes under watch by [Become]: it installs the filter, hands the
// listening end to its parent and executes the program to be watched.
//
// It works on Linux 5.9 and later, amd64 and arm64.
package faultyfs
