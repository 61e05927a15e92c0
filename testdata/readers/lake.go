package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
)

// apiAndAccount are what `stripelake simulate` says of itself.
var apiAndAccount = regexp.MustCompile(`(?s)on (http://\S+)\n.*connected account (acct_\w+)\n`)

// makeLake copies a simulated business into a lake: two accounts, so that files
// lie in folders of both, deletions, nested lists and JSON.
func makeLake(ctx context.Context, stripelake, lake string) (err error) {
	server := exec.CommandContext(ctx, stripelake, "simulate", "--addr", "127.0.0.1:0",
		"--accounts", "1", "--charges", "2500", "--pricing", "--long-lists", "--deletions", "2%")
	server.Stderr = os.Stderr
	said, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("%s simulate: %w", stripelake, err)
	}
	defer func() { err = errors.Join(err, server.Process.Signal(syscall.SIGINT), server.Wait()) }()

	var text strings.Builder
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if found := apiAndAccount.FindStringSubmatch(text.String()); found != nil {
			return syncBoth(ctx, stripelake, lake, found[1], found[2])
		}
	}
	return errors.Join(lines.Err(), fmt.Errorf("%s simulate names no address and account: %q", stripelake, text.String()))
}

func syncBoth(ctx context.Context, stripelake, lake, api, account string) error {
	for _, more := range [][]string{nil, {"--account", account}} {
		args := append([]string{"sync", "--lake", lake, "--api-base", api}, more...)
		sync := exec.CommandContext(ctx, stripelake, args...)
		sync.Env = append(os.Environ(), "STRIPE_API_KEY=sk_test_simulated")
		if out, err := sync.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", sync, err, out)
		}
	}
	return nil
}
