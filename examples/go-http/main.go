// SPDX-License-Identifier: BSD-2-Clause

// A server over goroutines on several threads: shared state behind a lock,
// loops that only preemption can interrupt, timers, garbage collection.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	mu     sync.Mutex
	visits = map[string]int{}
)

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func number(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
	return n
}

func visit(w http.ResponseWriter, r *http.Request) {
	mu.Lock()
	visits[r.URL.Path]++
	n := visits[r.URL.Path]
	mu.Unlock()
	reply(w, map[string]any{"path": r.URL.Path, "visits": n})
}

// Each goroutine hashes; the garbage makes the collector run.
func workers(w http.ResponseWriter, r *http.Request) {
	var group sync.WaitGroup
	sums := make(chan byte, number(r))
	for i := 0; i < number(r); i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			data := make([]byte, 64<<10)
			data[0] = byte(i)
			sums <- sha256.Sum256(data)[0]
		}(i)
	}
	group.Wait()
	close(sums)
	total := 0
	for s := range sums {
		total += int(s)
	}
	reply(w, map[string]any{"total": total})
}

// Loops without calls hold every processor until they are preempted.
func spin(w http.ResponseWriter, r *http.Request) {
	var stop [64]bool
	n := runtime.GOMAXPROCS(0) + 1
	for i := 0; i < n; i++ {
		go func(p *bool) {
			for x := 0; ; x++ {
				if x&0xfffff == 0 && *p {
					return
				}
			}
		}(&stop[i])
	}
	begun := time.Now()
	time.Sleep(50 * time.Millisecond)
	for i := range stop {
		stop[i] = true
	}
	reply(w, map[string]any{"came back": time.Since(begun) < 20*time.Second})
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/visit/", visit)
	mux.HandleFunc("/workers/", workers)
	mux.HandleFunc("/spin", spin)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello from Go")
	})
	server := &http.Server{Addr: ":8000", Handler: mux}
	ctx, cancel := signal.NotifyContext(context.Background(),
		os.Interrupt, syscall.SIGTERM)
	defer cancel()
	go func() {
		<-ctx.Done()
		server.Shutdown(context.Background())
	}()
	fmt.Println("listening on 8000,", runtime.NumCPU(), "processors")
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("closed")
}
