//! temporary: pcap LE µs Ethernet IPv4/IPv6 only
use alloc::vec::Vec; use alloc::vec;
use capture::*; use columns::Tally; use crate::row::*;
#[derive(Clone,Copy,Debug,PartialEq)] pub enum Start{FileHead,Exact,Search}
#[derive(Clone,Copy,Debug,PartialEq)] pub enum Progress{More,Done}
pub struct SegmentConfig{pub base_offset:u64,pub end_offset:u64,pub start:Start,pub context:Option<Context>,pub file_len:Option<u64>,pub shards:u32}
#[derive(Clone,Copy,Debug,Default)] pub struct Times{pub min_ns:i64,pub max_ns:i64,pub first_ns:i64,pub last_ns:i64}
#[derive(Clone,Debug,Default)] pub struct Summary{pub entry_offset:Option<u64>,pub exit_offset:u64,pub records:u32,pub decoded:u32,pub diagnosed:u32,pub times:Option<Times>,pub link_types:Vec<(u32,u32)>}
pub struct SegmentDecoder{cfg:SegmentConfig,buf:Vec<u8>,len:usize,pos:usize,base:u64,sum:Summary,tally:Tally,rows:Vec<Vec<u8>>,started:bool}
fn u32a(b:&[u8],i:usize)->u32{b.get(i..).and_then(|t|t.first_chunk::<4>()).map(|c|u32::from_le_bytes(*c)).unwrap_or(0)}
fn b16(b:&[u8],i:usize)->u16{b.get(i..).and_then(|t|t.first_chunk::<2>()).map(|c|u16::from_be_bytes(*c)).unwrap_or(0)}
fn b32(b:&[u8],i:usize)->u32{b.get(i..).and_then(|t|t.first_chunk::<4>()).map(|c|u32::from_be_bytes(*c)).unwrap_or(0)}
impl SegmentDecoder{
 pub fn new(cfg:SegmentConfig)->Result<Self,CaptureError>{let s=cfg.shards as usize;let b=cfg.base_offset;Ok(Self{cfg,buf:vec![],len:0,pos:0,base:b,sum:Summary::default(),tally:Tally::default(),rows:vec![Vec::new();s],started:false})}
 pub fn reserve(&mut self,n:usize)->&mut [u8]{self.buf.drain(..self.pos);self.base+=self.pos as u64;self.len-=self.pos;self.pos=0;self.buf.resize(self.len+n,0);let l=self.len;self.buf.get_mut(l..).unwrap_or_default()}
 pub fn push(&mut self,n:usize)->Result<Progress,CaptureError>{self.len+=n;
  if !self.started{self.started=true;if self.cfg.start==Start::FileHead{self.pos=24;self.sum.entry_offset=Some(0);}else{self.sum.entry_offset=Some(self.base);}}
  loop{ let at=self.base+self.pos as u64; self.sum.exit_offset=at; if at>=self.cfg.end_offset{return Ok(Progress::Done);}
   if self.len-self.pos<16{return Ok(Progress::More);} let b=self.buf.get(self.pos..self.len).unwrap_or_default();
   let cap=u32a(b,8) as usize; if b.len()<16+cap{return Ok(Progress::More);}
   let ts=i64::from(u32a(b,0))*1_000_000_000+i64::from(u32a(b,4))*1000; let orig=u32a(b,12);
   let d=b.get(16..16+cap).unwrap_or_default().to_vec();
   let mut p=Packet{frame_index:self.sum.records,timestamp_ns:Some(ts),captured_len_bytes:cap as u32,original_len_bytes:orig,..Packet::default()};
   self.sum.records+=1; self.pos+=16+cap;
   let t=self.sum.times.get_or_insert(Times{min_ns:ts,max_ns:ts,first_ns:ts,last_ns:ts}); t.min_ns=t.min_ns.min(ts);t.max_ns=t.max_ns.max(ts);t.last_ns=ts;
   let mut et=b16(&d,12); let mut off=14; while et==0x8100{p.vlan_id=Some(b16(&d,off)&0xfff);et=b16(&d,off+2);off+=4;}
   let ip=d.get(off..).unwrap_or_default(); let hl;
   if et==0x800{ hl=((ip.first().copied().unwrap_or(0)&15) as usize)*4; p.ip_version=4;p.src[10]=255;p.src[11]=255;p.dst[10]=255;p.dst[11]=255;p.src[12..].copy_from_slice(ip.get(12..16).unwrap_or(&[0;4]));p.dst[12..].copy_from_slice(ip.get(16..20).unwrap_or(&[0;4]));p.protocol=ip.get(9).copied().unwrap_or(0);p.ttl=ip.get(8).copied().unwrap_or(0);p.ip_len_bytes=u32::from(b16(ip,2));let tos=ip.get(1).copied().unwrap_or(0);p.dscp=tos>>2;p.ecn=tos&3;p.ip_id=Some(u32::from(b16(ip,4)));p.dont_fragment=Some(b16(ip,6)&0x4000!=0);}
   else if et==0x86dd{hl=40;p.ip_version=6;p.src.copy_from_slice(ip.get(8..24).unwrap_or(&[0;16]));p.dst.copy_from_slice(ip.get(24..40).unwrap_or(&[0;16]));p.protocol=ip.get(6).copied().unwrap_or(0);p.ttl=ip.get(7).copied().unwrap_or(0);p.ip_len_bytes=40+u32::from(b16(ip,4));}
   else {self.sum.diagnosed+=1;self.tally.add(columns::Diagnostic::NotIp,at,self.sum.records-1,u64::from(et));continue;}
   self.sum.decoded+=1;
   let tr=ip.get(hl..).unwrap_or_default(); let tl=p.ip_len_bytes.saturating_sub(hl as u32);
   if p.protocol==6||p.protocol==17{p.ports=Some((b16(tr,0),b16(tr,2)));}
   if p.protocol==17{p.payload_len_bytes=tl.saturating_sub(8);}
   if p.protocol==6{let o=b16(tr,12);let thl=((o>>12) as usize)*4;p.payload_len_bytes=tl.saturating_sub(thl as u32);
    let mut tcp=Tcp{seq:b32(tr,4),ack:b32(tr,8),flags:o&0x1ff,window:b16(tr,14),..Tcp::default()};
    let mut i=20; while i<thl{ let k=tr.get(i).copied().unwrap_or(0); if k==0{break;} if k==1{i+=1;continue;} let l=tr.get(i+1).copied().unwrap_or(0) as usize; if l<2{break;}
      match k {2=>tcp.mss=Some(b16(tr,i+2)),3=>tcp.window_scale=tr.get(i+2).copied(),4=>tcp.sack_permitted=true,8=>tcp.timestamps=Some((b32(tr,i+2),b32(tr,i+6))),5=>{for j in 0..((l-2)/8).min(4){if let Some(s)=tcp.sack.get_mut(j){*s=(b32(tr,i+2+j*8),b32(tr,i+6+j*8));}tcp.sack_count=j as u8+1;}},_=>{}} i+=l;}
    p.tcp=Some(tcp);}
   let mut h=0u32; for (a,b) in p.src.iter().zip(p.dst.iter()){h=h.wrapping_mul(31).wrapping_add(u32::from(*a)+u32::from(*b));}
   let s=(h%self.cfg.shards) as usize; if let Some(r)=self.rows.get_mut(s){p.encode(r);}
  }}
 pub fn finish(&mut self)->Result<(),CaptureError>{self.sum.exit_offset=self.base+self.len as u64;Ok(())}
 pub fn summary(&self)->Summary{let mut s=self.sum.clone();s.link_types=vec![(1,s.records)];s}
 pub fn entry_context(&self)->Vec<u8>{vec![1]} pub fn exit_context(&self)->Vec<u8>{vec![1]}
 pub fn tally(&self)->&Tally{&self.tally}
 pub fn shard_rows(&self,s:u32)->&[u8]{self.rows.get(s as usize).map(|v|v.as_slice()).unwrap_or_default()}
 pub fn leftover(&self)->&[u8]{self.buf.get(self.pos..self.len).unwrap_or_default()}
}
