// Command peer appends to a Tessera log in POSIX files, as benchmarks/durable.py appends to ours: so many in flight, each
// asked for again as soon as its index is there, for so many seconds. Tessera calls fsync on what it writes, and gives an
// index once the entry is sequenced in files. It prints one line of JSON.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"log"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	directory := flag.String("directory", "", "an empty directory for the log")
	inFlight := flag.Int("in-flight", 128, "entries waited for at a time")
	seconds := flag.Float64("seconds", 2, "how long")
	size := flag.Int("bytes", 1000, "bytes of an entry")
	maxAge := flag.Duration("max-age", 5*time.Millisecond, "how long a batch may wait to be filled")
	flag.Parse()

	latencies, took, err := run(*directory, *inFlight, *size, *maxAge, time.Duration(*seconds*float64(time.Second)))
	if err != nil {
		log.Fatal(err)
	}
	slices.Sort(latencies)
	at := func(share float64) float64 {
		return float64(latencies[min(int(share*float64(len(latencies))), len(latencies)-1)]) / 1e6
	}
	found := map[string]float64{"per_s": float64(len(latencies)) / took.Seconds(), "p50_ms": at(0.5), "p99_ms": at(0.99)}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

func run(directory string, inFlight, size int, maxAge, length time.Duration) ([]time.Duration, time.Duration, error) {
	ctx := context.Background()
	secret, _, err := note.GenerateKey(rand.Reader, "benchmark.example/peer")
	if err != nil {
		return nil, 0, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, 0, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: directory})
	if err != nil {
		return nil, 0, err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(uint(max(inFlight, 1)), maxAge).
		WithCheckpointInterval(time.Second)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return nil, 0, err
	}
	var (
		mutex     sync.Mutex
		group     sync.WaitGroup
		latencies []time.Duration
		failed    error
	)
	begun := time.Now()
	for range inFlight {
		group.Go(func() {
			body := make([]byte, size)
			var own []time.Duration
			var err error
			for err == nil && time.Since(begun) < length {
				if _, err = rand.Read(body); err == nil {
					asked := time.Now()
					_, err = appender.Add(ctx, tessera.NewEntry(body))()
					own = append(own, time.Since(asked))
				}
			}
			mutex.Lock()
			defer mutex.Unlock()
			latencies = append(latencies, own...)
			if err != nil {
				failed = err
			}
		})
	}
	group.Wait()
	took := time.Since(begun)
	if failed != nil {
		return nil, 0, failed
	}
	return latencies, took, shutdown(ctx)
}
