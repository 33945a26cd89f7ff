(* SPDX-License-Identifier: BSD-2-Clause *)
(* A thread for each connection over the unix and threads libraries: a whole
   language's runtime as a unikernel, unmodified. *)

let visits : (string, int) Hashtbl.t = Hashtbl.create 16
let lock = Mutex.create ()

let visit name =
  Mutex.lock lock;
  let n = 1 + try Hashtbl.find visits name with Not_found -> 0 in
  Hashtbl.replace visits name n;
  Mutex.unlock lock;
  Printf.sprintf "%s %d\n" name n

(* A tree of garbage for the collector. *)
type tree = Leaf | Node of tree * tree

let rec grow n = if n = 0 then Leaf else Node (grow (n - 1), grow (n - 1))
let rec count = function Leaf -> 1 | Node (a, b) -> count a + count b

let threads n =
  let total = ref 0 in
  let work () =
    for _ = 1 to 1000 do
      Mutex.lock lock;
      incr total;
      Mutex.unlock lock
    done
  in
  List.init n (fun _ -> Thread.create work ()) |> List.iter Thread.join;
  Printf.sprintf "%d\n" !total

let answer path =
  match String.split_on_char '/' path with
  | [ ""; "visit"; name ] -> Some (visit name)
  | [ ""; "tree"; n ] ->
    Some (Printf.sprintf "%d\n" (count (grow (int_of_string n))))
  | [ ""; "threads"; n ] -> Some (threads (int_of_string n))
  | [ ""; "sleep" ] ->
    let begun = Unix.gettimeofday () in
    Thread.delay 0.05;
    Some (Printf.sprintf "%b\n" (Unix.gettimeofday () -. begun >= 0.049))
  | _ -> None

let serve fd =
  let ic = Unix.in_channel_of_descr fd
  and oc = Unix.out_channel_of_descr fd in
  (try
     let request = input_line ic in
     while String.trim (input_line ic) <> "" do () done;
     let path = List.nth (String.split_on_char ' ' request) 1 in
     let status, body =
       match answer path with
       | Some body -> "200 OK", body
       | None -> "404 Not Found", "not found\n"
     in
     Printf.fprintf oc "HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: \
                        close\r\n\r\n%s%!" status (String.length body) body
   with _ -> ());
  close_out_noerr oc

let () =
  Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
  Sys.set_signal Sys.sigterm
    (Sys.Signal_handle (fun _ -> print_endline "closed"; exit 0));
  let fd = Unix.socket Unix.PF_INET Unix.SOCK_STREAM 0 in
  Unix.setsockopt fd Unix.SO_REUSEADDR true;
  Unix.bind fd (Unix.ADDR_INET (Unix.inet_addr_any, 8000));
  Unix.listen fd 64;
  print_endline "listening on 8000";
  while true do
    let client, _ = Unix.accept fd in
    ignore (Thread.create serve client)
  done
